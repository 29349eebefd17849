# For a linear classifier on frozen features, all 5,000 training images; nothing is chosen on the test images.
# To choose a learning rate, hold out a part of the training images: val_fraction of cft.STL10.
# Neither the papers nor the released code tell the crops; these are those of the pre-training.
data_root = 'data/stl10'
image_size = 64

train_pipeline = [
    dict(
        type='RandomResizedCrop',
        scale=image_size,
        crop_ratio_range=(0.2, 1.0),
        backend='pillow',
        interpolation='bilinear'),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs'),
]
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
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='cft.STL10', data_root=data_root, split='train', pipeline=train_pipeline))
test_dataloader = dict(
    batch_size=256,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='cft.STL10', data_root=data_root, split='test', pipeline=test_pipeline))
test_evaluator = dict(type='Accuracy', topk=(1, 5))
test_cfg = dict()
