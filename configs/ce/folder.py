# Your own images with any network: cft train ce/folder data_root=FOLDER checkpoint=FILE
_base_ = [
    '../_base_/models/auto_cls.py',
    '../_base_/datasets/folder.py',
    '../_base_/schedules/auto_100e.py',
    '../_base_/default_runtime.py',
]

# 'backbone': as the network was pre-trained; 'imagenet'; 'dataset' measures the training images.
normalization = 'backbone'
default_hooks = dict(checkpoint=dict(save_best='accuracy/top1', rule='greater'))
