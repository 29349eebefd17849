# HEXA_MoCo for 800 epochs. Figure 3a measures it every 200 epochs: no checkpoint is removed.
_base_ = ['./moco_r50_imagenet.py']

epochs = 800
train_cfg = dict(max_epochs=epochs)
default_hooks = dict(checkpoint=dict(interval=20, max_keep_ckpts=-1))
