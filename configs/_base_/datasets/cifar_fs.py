# CIFAR-FS (Bertinetto et al., ICLR 2019): classes of CIFAR-100 with their 600 images, 64 for training, 16 for
# validation and 20 for the test. Lists: cft/datasets/cifar_fs.txt. Laid out by tools/datasets/prepare.py cifar100.
data_root = 'data/cifar100'
image_size = 224

crops = [
    dict(type='RandomResizedCrop', scale=image_size, backend='pillow', interpolation='bicubic'),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='AutoAugment', policies='imagenet'),
]
train_pipeline = [*crops, dict(type='PackInputs')]
two_view_pipeline = [
    dict(type='MultiView', num_views=2, transforms=[crops]),
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
# Of networks for small images, which take them as they are.
small_crops = [dict(type='RandomCrop', crop_size=32, padding=4), *crops[1:]]
small_pipeline = [*small_crops, dict(type='PackInputs')]
two_small_views_pipeline = [
    dict(type='MultiView', num_views=2, transforms=[small_crops]),
    dict(type='PackInputs'),
]
small_test_pipeline = [dict(type='PackInputs')]

batch_size = 128  # of each of 8 GPUs, 1024 in all
train_dataloader = dict(
    batch_size=batch_size,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='cft.CIFAR100Classes', data_root=data_root, classes_file='cifar_fs/train', pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=256,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='cft.CIFAR100Classes', data_root=data_root, classes_file='cifar_fs/val', pipeline=test_pipeline))
test_dataloader = dict(val_dataloader, dataset=dict(val_dataloader['dataset'], classes_file='cifar_fs/test'))
# No metric of predictions: the classifier does not know these classes.
val_evaluator = []
test_evaluator = []
val_cfg = dict(type='cft.FewShotValLoop', shots=(1, ), heads=('logistic', ), ways=5, queries=15, tasks=600, runs=1)
test_cfg = dict(
    type='cft.FewShotTestLoop',
    shots=(1, 5),
    heads=('logistic', 'nearest_mean', 'cosine'),
    ways=5,
    queries=15,
    tasks=3000,
    runs=3)
