# scikit-learn's digits: 1,000 training, 297 validation and 500 test images, enlarged to 16x16.
strong_transforms = [
    dict(type='NumpyToPIL'),
    dict(
        type='torchvision/RandomAffine',
        degrees=20,
        translate=(0.1, 0.1),
        scale=(0.88, 1.4),
        shear=(-11, 11, -11, 11),
        interpolation='bilinear'),
    dict(type='torchvision/ColorJitter', brightness=0.2, contrast=0.4),
    dict(type='PILToNumpy'),
    dict(type='GaussianBlur', magnitude_range=(0.1, 1.0), magnitude_std='inf', prob=0.5),
    dict(type='cft.GaussianNoise', max_std=15),
    dict(type='RandomErasing', erase_prob=0.3, mode='const', min_area_ratio=0.02, max_area_ratio=0.2),
]
weak_transforms = [
    dict(type='NumpyToPIL'),
    dict(type='torchvision/RandomAffine', degrees=10, translate=(0.1, 0.1), interpolation='bilinear'),
    dict(type='PILToNumpy'),
]
train_pipeline = [*strong_transforms, dict(type='PackInputs')]
two_view_pipeline = [
    dict(type='MultiView', num_views=2, transforms=[strong_transforms]),
    dict(type='PackInputs'),
]
test_pipeline = [dict(type='PackInputs')]
