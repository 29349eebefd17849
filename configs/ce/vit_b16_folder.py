_base_ = [
    '../_base_/models/vit_b16_cls.py',
    '../_base_/datasets/folder.py',
    '../_base_/schedules/adamw_vit_100e.py',
    '../_base_/default_runtime.py',
]

# 'imagenet' for the usual checkpoints; 'dataset' measures the training images.
normalization = 'imagenet'
view_transforms = [*_base_.train_pipeline[1:-1], *_base_.mae_augmentation]
train_pipeline = [_base_.train_pipeline[0], *view_transforms, dict(type='PackInputs')]
two_view_pipeline = [
    _base_.train_pipeline[0],
    dict(type='MultiView', num_views=2, transforms=[view_transforms]),
    dict(type='PackInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
default_hooks = dict(checkpoint=dict(save_best='accuracy/top1', rule='greater'))
