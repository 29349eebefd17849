# No paper tells settings of a ResNet-50 for this data set; these are those of most columns of Core-tuning's table 2.
_base_ = [
    '../_base_/models/r50_cls.py',
    '../_base_/datasets/flowers102.py',
    '../_base_/schedules/sgd_100e.py',
    '../_base_/default_runtime.py',
]

model = dict(head=dict(num_classes=102))
