# Linear probe of r18_tinyimagenet.py: --cfg-options checkpoint=FILE
_base_ = [
    '../_base_/models/r18_cifar_linear.py',
    '../_base_/datasets/tinyimagenet_linear.py',
    '../_base_/schedules/linear_100e.py',
    '../_base_/default_runtime.py',
]

model = dict(head=dict(num_classes=200))
