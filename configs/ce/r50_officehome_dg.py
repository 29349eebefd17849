_base_ = [
    '../_base_/models/r50_cls.py',
    '../_base_/datasets/officehome.py',
    '../_base_/schedules/adam_20k_dg.py',
    '../_base_/default_runtime.py',
]

model = dict(head=dict(num_classes=65))
default_hooks = dict(
    checkpoint=dict(by_epoch=False, interval=300, save_best='accuracy/average', rule='greater'))
