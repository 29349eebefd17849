# Leave one domain out, as DomainBed does it: folders <domain>/<class>/ below data_root.
# What a data set's own file adds: data_root, the domains and the one that is held out.
image_size = 224
# The values of black and of white in images of more than 8 bits, such as (0, 4095); 'dataset' measures them.
value_range = None
train_pipeline = [
    dict(type='cft.LoadImage'),
    dict(
        type='RandomResizedCrop',
        scale=image_size,
        crop_ratio_range=(0.7, 1.0),
        backend='pillow',
        interpolation='bilinear'),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='ColorJitter', brightness=0.3, contrast=0.3, saturation=0.3, hue=0.3),
    # The weights of torchvision's grey, for channels in the order blue, green, red.
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
    dict(type='Resize', scale=(image_size, image_size), backend='pillow', interpolation='bilinear'),
    dict(type='PackInputs', meta_keys=('img_path', 'domain')),
]

# Core-tuning's appendix C.3 says "batch size of 32"; in DomainBed, whose protocol it follows,
# that is 32 of each of the three training domains. With several GPUs divide it among them.
batch_size = 96
train_dataloader = dict(
    batch_size=batch_size,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='cft.DomainBalancedSampler'),
    dataset=dict(type='cft.DomainFolder', split='train', pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=128,
    num_workers=4,
    persistent_workers=True,
    pin_memory=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='cft.DomainFolder', split='val', pipeline=test_pipeline))
test_dataloader = dict(val_dataloader, dataset=dict(val_dataloader['dataset'], split='test'))
val_evaluator = dict(type='cft.DomainAccuracy')
test_evaluator = dict(type='cft.DomainAccuracy')
val_cfg = dict()
test_cfg = dict()
