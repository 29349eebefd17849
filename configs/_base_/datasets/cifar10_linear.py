# For a linear classifier on frozen features, all 50,000 training images; nothing is chosen on the test images.
# Crops of a border of 4 pixels, as in the released code of SCE.
# To choose a learning rate, hold out a part of the training images: cft.StratifiedSubset, as in ../../quickstart.
data_root = 'data/cifar10'
image_size = 32

train_pipeline = [
    dict(type='RandomCrop', crop_size=image_size, padding=4),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs'),
]
test_pipeline = [dict(type='PackInputs')]

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
