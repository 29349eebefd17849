_base_ = [
    '../_base_/models/r50_cls.py',
    '../_base_/datasets/cifar100.py',
    '../_base_/schedules/sgd_100e.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=100))
