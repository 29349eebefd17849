# Core-tuning's images where it departs from crops of random size (appendix C.2: "different scales", rotations, for
# "CIFAR10 and Aircraft" among others). The paper gives no figures; these are those of its released code for CIFAR-10.
rotated_crops = [
    dict(type='ResizeEdge', scale=272, edge='short', backend='pillow', interpolation='bicubic'),
    # Uniform in [-15, 15] degrees, black around it.
    dict(
        type='Rotate',
        magnitude_level=10,
        magnitude_range=(0., 15.),
        magnitude_std='inf',
        prob=1.,
        random_negative_prob=0.5,
        pad_val=0),
    dict(type='RandomCrop', crop_size=256),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
]
uncropped = [
    dict(type='ResizeEdge', scale=256, edge='short', backend='pillow', interpolation='bicubic'),
    # Of images that are not square.
    dict(type='CenterCrop', crop_size=256),
]
