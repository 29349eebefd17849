# SCHaNe's baseline of few-shot learning (table 1).
_base_ = [
    '../_base_/models/beit3_b16_cls.py',
    '../_base_/datasets/fc100.py',
    '../_base_/schedules/adamw_few_shot_100e.py',
    '../_base_/default_runtime.py',
]

model = dict(head=dict(num_classes=60))
default_hooks = dict(checkpoint=dict(save_best='few_shot/1shot_logistic', rule='greater'))
