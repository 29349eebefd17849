# Linear probe of r50_imagenet.py as in the released code of MoCo: --cfg-options checkpoint=FILE
_base_ = [
    '../_base_/models/r50_linear.py',
    '../_base_/datasets/imagenet_linear.py',
    '../_base_/schedules/linear_100e.py',
    '../_base_/default_runtime.py',
]

model = dict(head=dict(num_classes=1000))
