# Fashion-MNIST of Debian's package dataset-fashion-mnist: 2,000 training, 1,000 validation, 10,000 test images.
# Names of its own, so that a config may join this file with one of the digits.
data_root = '/usr/share/datasets/fashion-mnist'
image_size = 28

fashion_weak_transforms = [
    dict(type='RandomResizedCrop', scale=image_size, crop_ratio_range=(0.5, 1.0)),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
]
fashion_strong_transforms = [
    dict(type='RandomResizedCrop', scale=image_size, crop_ratio_range=(0.2, 1.0)),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='RandomApply', prob=0.8, transforms=[dict(type='ColorJitter', brightness=0.4, contrast=0.4)]),
    dict(type='GaussianBlur', magnitude_range=(0.1, 1.0), magnitude_std='inf', prob=0.5),
]
strong_and_weak_pipeline = [
    dict(type='MultiView', num_views=[1, 1], transforms=[fashion_strong_transforms, fashion_weak_transforms]),
    dict(type='PackInputs'),
]
two_strong_pipeline = [
    dict(type='MultiView', num_views=2, transforms=[fashion_strong_transforms]),
    dict(type='PackInputs'),
]
fashion_dataset = dict(type='cft.FashionMNIST', data_root=data_root, split='train', train_per_class=200, val_per_class=100)
fashion_normalization = dict(mean=[72.9, 72.9, 72.9], std=[90., 90., 90.])
