# The long run of MoCo-v2, whose checkpoint Core-tuning and COIN start from.
_base_ = ['./r50_imagenet.py']

epochs = 800
train_cfg = dict(max_epochs=epochs)
# All are kept, for curves over the epochs (HEXA, figure 3).
default_hooks = dict(checkpoint=dict(interval=20, max_keep_ckpts=-1))
