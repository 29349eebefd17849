_base_ = [
    '../_base_/models/r50_cls.py',
    '../_base_/datasets/imagenet20.py',
    '../_base_/schedules/sgd_linear_100e.py',
    '../_base_/default_runtime.py',
]

model = dict(head=dict(num_classes=20))
