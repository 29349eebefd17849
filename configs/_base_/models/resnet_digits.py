# A narrow ResNet-18 of three stages (16, 32 and 64 channels) for images of 16x16 pixels.
checkpoint = None
normalization_cfg = dict(mean=[77.9, 77.9, 77.9], std=[95.9, 95.9, 95.9])
backbone_cfg = dict(
    type='ResNet_CIFAR',
    depth=18,
    num_stages=3,
    out_indices=(2, ),
    strides=(2, 2, 2),
    dilations=(1, 1, 1),
    stem_channels=16,
    base_channels=16,
    # With few steps, blocks that start as the identity learn too late.
    zero_init_residual=False)
