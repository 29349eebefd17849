# Your own domains with any network: cft train ce/folder_dg data_root=FOLDER test_domain=NAME checkpoint=FILE
_base_ = [
    '../_base_/models/auto_cls.py',
    '../_base_/datasets/folder_dg.py',
    '../_base_/schedules/adam_5k_dg.py',
    '../_base_/default_runtime.py',
]

# DomainBed keeps the BatchNorm statistics of the checkpoint; affine parameters are trained. Without a checkpoint:
# model.backbone.norm_eval=False.
networks = dict(
    resnet=dict(backbone=dict(norm_eval=True)),
    timm_vit=dict(backbone=dict(norm_eval=True)),
    timm_stages=dict(backbone=dict(norm_eval=True)))
# 'backbone': as the network was pre-trained; 'imagenet'; 'dataset' measures the training images.
normalization = 'backbone'
default_hooks = dict(
    checkpoint=dict(by_epoch=False, interval=300, save_best='accuracy/average', rule='greater'))
