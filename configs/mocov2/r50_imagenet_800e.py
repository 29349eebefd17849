# The long run of MoCo-v2, whose checkpoint Core-tuning and COIN start from.
_base_ = ['./r50_imagenet.py']

param_scheduler = dict(end=800)
train_cfg = dict(max_epochs=800)
