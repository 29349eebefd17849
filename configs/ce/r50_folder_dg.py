_base_ = [
    '../_base_/models/r50_cls.py',
    '../_base_/datasets/folder_dg.py',
    '../_base_/schedules/adam_5k_dg.py',
    '../_base_/default_runtime.py',
]

# DomainBed keeps the BatchNorm statistics of the checkpoint; affine parameters are trained. Without a checkpoint: False.
model = dict(backbone=dict(norm_eval=True))
# 'imagenet' for the usual checkpoints; 'dataset' measures the training images.
normalization = 'imagenet'
default_hooks = dict(
    checkpoint=dict(by_epoch=False, interval=300, save_best='accuracy/average', rule='greater'))
