_base_ = [
    '../_base_/models/r50_cls.py',
    '../_base_/datasets/cifar10_rotated.py',
    '../_base_/schedules/sgd_100e.py',
    '../_base_/default_runtime.py',
]
# The CIFAR files hold red first.
model = dict(data_preprocessor=dict(to_rgb=False), head=dict(num_classes=10))
