# Domain generalisation on digits drawn in four appearances: trained on three of them, from scratch, for 240 steps.
_base_ = [
    '../_base_/models/resnet_digits.py',
    '../_base_/datasets/domains.py',
    '../_base_/default_runtime.py',
]

data_root = 'data/digit_domains'
drawn_data = dict(type='digit_domains')
test_domain = 'edges'
image_size = 32

model = dict(
    type='cft.FineTuneClassifier',
    data_preprocessor=dict(
        type='cft.MultiViewDataPreprocessor', mean=[127.5, 127.5, 127.5], std=[63.75, 63.75, 63.75], to_rgb=True),
    backbone=_base_.backbone_cfg,
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='cft.ContrastiveClsHead', num_classes=10, in_channels=64))

# The published augmentation without the flip, which makes other digits.
train_pipeline = [
    dict(type='cft.LoadImage'),
    dict(
        type='RandomResizedCrop',
        scale=image_size,
        crop_ratio_range=(0.7, 1.0),
        backend='pillow',
        interpolation='bilinear'),
    dict(type='ColorJitter', brightness=0.3, contrast=0.3, saturation=0.3, hue=0.3),
    dict(type='RandomGrayscale', prob=0.1, keep_channels=True, channel_weights=(0.114, 0.587, 0.2989)),
    dict(type='PackInputs', meta_keys=('img_path', 'domain')),
]
two_view_pipeline = [
    train_pipeline[0],
    dict(type='MultiView', num_views=2, transforms=[train_pipeline[1:-1]]),
    train_pipeline[-1],
]
test_pipeline = [
    dict(type='cft.LoadImage'),
    dict(type='PackInputs', meta_keys=('img_path', 'domain')),
]
domain_folder = dict(data_root=data_root, test_domain=test_domain)
# Without worker processes the augmentation, too, is the same after a resume.
in_this_process = dict(num_workers=0, persistent_workers=False, pin_memory=False)
batch_size = 48
train_dataloader = dict(
    batch_size=batch_size, dataset=dict(pipeline=train_pipeline, **domain_folder), **in_this_process)
val_dataloader = dict(dataset=dict(pipeline=test_pipeline, **domain_folder), **in_this_process)
test_dataloader = dict(dataset=dict(pipeline=test_pipeline, **domain_folder), **in_this_process)

optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.05, momentum=0.9, weight_decay=5e-4))
param_scheduler = dict(type='CosineAnnealingLR', by_epoch=False)
train_cfg = dict(type='cft.ResumableIterLoop', max_iters=240, val_interval=60)
log_processor = dict(by_epoch=False)
default_hooks = dict(
    logger=dict(interval=10),
    checkpoint=dict(by_epoch=False, interval=60, max_keep_ckpts=1, save_best='accuracy/average', rule='greater'))
