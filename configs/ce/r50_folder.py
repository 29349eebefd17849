_base_ = [
    '../_base_/models/r50_cls.py',
    '../_base_/datasets/folder.py',
    '../_base_/schedules/sgd_100e.py',
    '../_base_/default_runtime.py',
]

# 'imagenet' for the usual checkpoints; 'dataset' measures the training images.
normalization = 'imagenet'
default_hooks = dict(checkpoint=dict(save_best='accuracy/top1', rule='greater'))
