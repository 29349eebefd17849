# SCE on the training images of the three training domains, labels unused. The held-out domain is not seen: it would no
# longer be unknown. tools/leave_one_domain_out.py --pretraining runs it for each domain that is held out.
# Settings differ from the released ones as those of sce_digits.py do.
_base_ = ['../_base_/models/resnet_digits.py', '../_base_/default_runtime.py']

data_root = 'data/digit_domains'
drawn_data = dict(type='digit_domains')
test_domain = 'edges'

model = dict(
    type='cft.SCE',
    data_preprocessor=dict(
        type='SelfSupDataPreprocessor', mean=[127.5, 127.5, 127.5], std=[63.75, 63.75, 63.75], to_rgb=True),
    backbone=dict(norm_cfg=dict(type='cft.SplitBN', num_splits=2), **_base_.backbone_cfg),
    neck=dict(type='MoCoV2Neck', in_channels=64, hid_channels=128, out_channels=128, with_avg_pool=True),
    head=dict(type='cft.SCELoss', temperature=0.1, target_temperature=0.05, coefficient=0.5),
    queue_length=512,
    feat_channels=128)
custom_hooks = [dict(type='cft.MomentumUpdateHook', momentum=0.99, end_momentum=1.0)]

image_size = 32
crop = dict(
    type='RandomResizedCrop', scale=image_size, crop_ratio_range=(0.5, 1.0), backend='pillow', interpolation='bilinear')
# The strong view changes what tells the domains apart: colour, brightness, texture and sharpness.
strong_transforms = [
    crop,
    dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, hue=0.4),
    dict(type='RandomGrayscale', prob=0.2, keep_channels=True, channel_weights=(0.114, 0.587, 0.2989)),
    dict(type='GaussianBlur', magnitude_range=(0.1, 1.0), magnitude_std='inf', prob=0.5),
]
weak_transforms = [crop]
# Of single images, which are as large.
test_pipeline = [dict(type='cft.LoadImage'), dict(type='PackInputs')]
batch_size = 128
train_dataloader = dict(
    batch_size=batch_size,
    num_workers=0,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='cft.DomainFolder',
        data_root=data_root,
        test_domain=test_domain,
        split='train',
        pipeline=[
            dict(type='cft.LoadImage'),
            dict(type='cft.MultiView', num_views=[1, 1], transforms=[strong_transforms, weak_transforms]),
            dict(type='PackInputs'),
        ]))

optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.15, momentum=0.9, weight_decay=5e-4))
param_scheduler = dict(type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True)
epochs = 20
train_cfg = dict(type='cft.ResumableEpochLoop', max_epochs=epochs)
default_hooks = dict(logger=dict(interval=8), checkpoint=dict(interval=20, max_keep_ckpts=1))
