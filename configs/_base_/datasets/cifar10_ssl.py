# Two views of each unlabelled image: strong for the online encoder, weak for the target (SCE, table 2).
# The blur is used at 32 pixels as well, as in SCE's released code for CIFAR-10.
data_root = 'data/cifar10'
image_size = 32

weak_transforms = [dict(type='cft.ViewAugment', distribution='weak', size=image_size)]
strong_transforms = [dict(type='cft.ViewAugment', distribution='strong', size=image_size)]
# Of single images, by whose features cft evaluate judges a run.
test_pipeline = [dict(type='PackInputs')]
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
        type='cft.CIFAR10',
        data_root=data_root,
        split='train',
        pipeline=[
            dict(type='cft.MultiView', num_views=[1, 1], transforms=[strong_transforms, weak_transforms]),
            dict(type='PackInputs'),
        ]))
