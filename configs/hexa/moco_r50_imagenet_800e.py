_base_ = ['./moco_r50_imagenet.py']

param_scheduler = dict(end=800)
train_cfg = dict(max_epochs=800)
