# Two views of each image, labels unused: strong for the online encoder, weak for the target (SCE, table 2).
data_root = 'data/tiny-imagenet-200'

weak_transforms = [dict(type='cft.ViewAugment', distribution='weak', size=64)]
strong_transforms = [dict(type='cft.ViewAugment', distribution='strong', size=64)]
train_dataloader = dict(
    batch_size=256,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    drop_last=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='cft.TinyImageNet',
        data_root=data_root,
        split='train',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='MultiView', num_views=[1, 1], transforms=[strong_transforms, weak_transforms]),
            dict(type='PackInputs'),
        ]))
