_base_ = [
    '../_base_/models/r50_cls.py',
    '../_base_/datasets/vlcs.py',
    '../_base_/schedules/adam_20k_dg.py',
    '../_base_/default_runtime.py',
]

# DomainBed keeps the BatchNorm statistics of the checkpoint; affine parameters are trained.
model = dict(backbone=dict(norm_eval=True), head=dict(num_classes=5))
default_hooks = dict(
    checkpoint=dict(by_epoch=False, interval=300, save_best='accuracy/average', rule='greater'))
