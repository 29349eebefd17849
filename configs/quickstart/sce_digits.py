# SCE pre-training on the 1,000 training images, labels unused: about half a minute.
# The settings are chosen here, for few steps. Unlike those released for CIFAR-10 (../sce/r18_cifar10.py) BatchNorm is in
# two parts in both encoders and absent from the projector, the momentum rises to 1, and nothing is flipped or warmed up.
_base_ = [
    '../_base_/models/resnet_digits.py',
    '../_base_/datasets/digits.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='cft.SCE',
    data_preprocessor=dict(type='SelfSupDataPreprocessor', **_base_.normalization_cfg),
    backbone=dict(norm_cfg=dict(type='cft.SplitBN', num_splits=2), **_base_.backbone_cfg),
    neck=dict(type='MoCoV2Neck', in_channels=64, hid_channels=128, out_channels=128, with_avg_pool=True),
    head=dict(type='cft.SCELoss', temperature=0.1, target_temperature=0.05, coefficient=0.5),
    queue_length=512,
    feat_channels=128)
custom_hooks = [dict(type='cft.MomentumUpdateHook', momentum=0.99, end_momentum=1.0)]

batch_size = 128
train_dataloader = dict(
    batch_size=batch_size,
    num_workers=1,
    persistent_workers=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='cft.Digits',
        split='train',
        pipeline=[
            dict(type='cft.MultiView', num_views=[1, 1], transforms=[_base_.strong_transforms, _base_.weak_transforms]),
            dict(type='PackInputs'),
        ]))

optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.15, momentum=0.9, weight_decay=5e-4))
param_scheduler = dict(type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True)
epochs = 60
train_cfg = dict(type='cft.ResumableEpochLoop', max_epochs=epochs)
default_hooks = dict(logger=dict(interval=8), checkpoint=dict(interval=60, max_keep_ckpts=1))
