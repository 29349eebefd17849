# All 50,000 training images are trained on, as published; nothing is chosen on the test images.
# To tune, hold out a part of the training images: cft.StratifiedSubset, as in ../../quickstart.
data_root = 'data/cifar10'
image_size = 224

train_pipeline = [
    dict(type='RandomResizedCrop', scale=image_size, backend='pillow', interpolation='bicubic'),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs'),
]
two_view_pipeline = [
    dict(type='MultiView', num_views=2, transforms=[train_pipeline[:-1]]),
    dict(type='PackInputs'),
]
test_pipeline = [
    dict(
        type='ResizeEdge',
        scale=round(image_size * 256 / 224),
        edge='short',
        backend='pillow',
        interpolation='bicubic'),
    dict(type='CenterCrop', crop_size=image_size),
    dict(type='PackInputs'),
]

batch_size = 256
train_dataloader = dict(
    batch_size=batch_size,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='cft.CIFAR10', data_root=data_root, split='train', pipeline=train_pipeline))
test_dataloader = dict(
    batch_size=256,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='cft.CIFAR10', data_root=data_root, split='test', pipeline=test_pipeline))
test_evaluator = dict(type='Accuracy', topk=(1, 5))
test_cfg = dict()
