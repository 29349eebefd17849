# For a linear classifier on frozen features. The validation images are those that papers report on: nothing is chosen
# on them. To choose a learning rate, hold out training images with cft.StratifiedSubset.
# Neither the papers nor the released code tell the crops; these are those of the pre-training.
data_root = 'data/tiny-imagenet-200'
image_size = 64
# The values of black and of white in images of more than 8 bits, such as (0, 4095); 'dataset' measures them.
value_range = None

train_pipeline = [
    dict(type='cft.LoadImage'),
    dict(
        type='RandomResizedCrop',
        scale=image_size,
        crop_ratio_range=(0.2, 1.0),
        backend='pillow',
        interpolation='bilinear'),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs'),
]
test_pipeline = [dict(type='cft.LoadImage'), dict(type='PackInputs')]

batch_size = 256
train_dataloader = dict(
    batch_size=batch_size,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='cft.TinyImageNet', data_root=data_root, split='train', pipeline=train_pipeline))
test_dataloader = dict(
    batch_size=256,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='cft.TinyImageNet', data_root=data_root, split='val', pipeline=test_pipeline))
test_evaluator = dict(type='Accuracy', topk=(1, 5))
test_cfg = dict()
# The curve over the epochs (HEXA, figure 3b). It chooses nothing: the last checkpoint is what is reported.
val_dataloader = test_dataloader
val_evaluator = test_evaluator
val_cfg = dict()
