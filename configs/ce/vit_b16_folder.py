_base_ = [
    '../_base_/models/vit_b16_cls.py',
    '../_base_/datasets/folder.py',
    '../_base_/schedules/adamw_vit_100e.py',
    '../_base_/default_runtime.py',
]

# 'imagenet' for the usual checkpoints; 'dataset' measures the training images.
normalization = 'imagenet'
train_pipeline = [*_base_.train_pipeline[:-1], *_base_.mae_augmentation, _base_.train_pipeline[-1]]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
default_hooks = dict(checkpoint=dict(save_best='accuracy/top1', rule='greater'))
