# SCE on 1,000 further drawings without labels, for the *_{seg,det}.py beside it: 160 steps.
# No image of data/shapes is among them, so that nothing of its validation and test images is seen.
# Settings differ from the released ones as those of sce_digits.py do, but for the flip.
_base_ = ['../_base_/default_runtime.py']

data_root = 'data/shapes_unlabelled'
drawn_data = dict(type='shapes', num_train=1000, num_val=1, num_test=1, seed=1000)
checkpoint = None

# The network of _base_/models/{deeplabv3,faster_rcnn}_shapes.py, for images half as large.
model = dict(
    type='cft.SCE',
    data_preprocessor=dict(
        type='SelfSupDataPreprocessor', mean=[127.5, 127.5, 127.5], std=[64., 64., 64.], to_rgb=True),
    backbone=dict(
        type='ResNet',
        depth=18,
        base_channels=16,
        num_stages=4,
        out_indices=(3, ),
        norm_cfg=dict(type='cft.SplitBN', num_splits=2),
        style='pytorch',
        zero_init_residual=False),
    neck=dict(type='MoCoV2Neck', in_channels=128, hid_channels=128, out_channels=128, with_avg_pool=True),
    head=dict(type='cft.SCELoss', temperature=0.1, target_temperature=0.05, coefficient=0.5),
    queue_length=512,
    feat_channels=128)
custom_hooks = [dict(type='cft.MomentumUpdateHook', momentum=0.99, end_momentum=1.0)]

image_size = 64
crop = dict(type='RandomResizedCrop', scale=image_size, crop_ratio_range=(0.2, 1.0))
flip = dict(type='RandomFlip', prob=0.5)
strong_transforms = [
    crop,
    dict(
        type='RandomApply',
        prob=0.8,
        transforms=[dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1)]),
    dict(type='RandomGrayscale', prob=0.2, keep_channels=True),
    dict(type='GaussianBlur', magnitude_range=(0.1, 1.0), magnitude_std='inf', prob=0.5),
    flip,
]
weak_transforms = [crop, flip]
# Of single images, as measures of features read them.
test_pipeline = [
    dict(type='cft.LoadImage'),
    dict(type='Resize', scale=(image_size, image_size)),
    dict(type='PackInputs'),
]
batch_size = 64
train_dataloader = dict(
    batch_size=batch_size,
    num_workers=0,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='CustomDataset',
        data_root=data_root,
        data_prefix='JPEGImages',
        with_label=False,
        pipeline=[
            dict(type='cft.LoadImage'),
            dict(type='cft.MultiView', num_views=[1, 1], transforms=[strong_transforms, weak_transforms]),
            dict(type='PackInputs'),
        ]))

optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.06, momentum=0.9, weight_decay=5e-4))
param_scheduler = dict(type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True)
epochs = 10
train_cfg = dict(type='cft.ResumableEpochLoop', max_epochs=epochs)
default_hooks = dict(logger=dict(interval=5), checkpoint=dict(interval=10, max_keep_ckpts=1))
