# SCHaNe's baseline (table 2); augmented by AutoAugment, as in the paper.
_base_ = [
    '../_base_/models/beit_b16_cls.py',
    '../_base_/datasets/cifar100.py',
    '../_base_/schedules/adamw_vit_50e.py',
    '../_base_/default_runtime.py',
]

model = dict(head=dict(num_classes=100))
train_transforms = [*_base_.train_pipeline[:-1], dict(type='AutoAugment', policies='imagenet')]
train_pipeline = [*train_transforms, _base_.train_pipeline[-1]]
two_view_pipeline = [
    dict(type='MultiView', num_views=2, transforms=[train_transforms]),
    dict(type='PackInputs'),
]
batch_size = 128  # of each of 8 GPUs, 1024 in all
train_dataloader = dict(
    batch_size=batch_size,
    dataset=dict(pipeline=train_pipeline))
