# The 100,000 unlabelled images, as the released code of SCE takes them, seen at 64 pixels as ReSSL sees its
# medium-sized images.
data_root = 'data/stl10'
image_size = 64

weak_transforms = [dict(type='cft.ViewAugment', distribution='weak', size=image_size)]
strong_transforms = [dict(type='cft.ViewAugment', distribution='strong', size=image_size)]
# Of single images, by whose features cft evaluate judges a run.
test_pipeline = [
    dict(type='Resize', scale=(image_size, image_size), backend='pillow', interpolation='bilinear'),
    dict(type='PackInputs'),
]
batch_size = 256
train_dataloader = dict(
    batch_size=batch_size,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    drop_last=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='cft.STL10',
        data_root=data_root,
        split='unlabeled',
        pipeline=[
            dict(type='cft.MultiView', num_views=[1, 1], transforms=[strong_transforms, weak_transforms]),
            dict(type='PackInputs'),
        ]))
