# SCHaNe's recipe for a class-per-folder data set; augmented by AutoAugment, as in the paper.
_base_ = [
    '../_base_/models/beit_b16_cls.py',
    '../_base_/datasets/folder.py',
    '../_base_/schedules/adamw_vit_50e.py',
    '../_base_/default_runtime.py',
]

# 'imagenet' keeps the model's values; 'dataset' measures the training images.
normalization = 'imagenet'
view_transforms = [*_base_.train_pipeline[1:-1], dict(type='AutoAugment', policies='imagenet')]
train_pipeline = [_base_.train_pipeline[0], *view_transforms, dict(type='PackInputs')]
two_view_pipeline = [
    _base_.train_pipeline[0],
    dict(type='MultiView', num_views=2, transforms=[view_transforms]),
    dict(type='PackInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
default_hooks = dict(checkpoint=dict(save_best='accuracy/top1', rule='greater'))
