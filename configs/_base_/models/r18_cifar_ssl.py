# ResNet-18 whose stem suits 32x32 images, and a two-layer projector with BatchNorm after the first. BatchNorm of the
# backbone in eight parts stands for eight GPUs; both as in the released code of SCE.
model = dict(
    data_preprocessor=dict(
        type='SelfSupDataPreprocessor',
        mean=[125.307, 122.961, 113.8575],
        std=[51.5865, 50.847, 51.255]),
    backbone=dict(type='ResNet_CIFAR', depth=18, out_indices=(3, ), norm_cfg=dict(type='cft.SplitBN', num_splits=8)),
    neck=dict(
        type='NonLinearNeck',
        in_channels=512,
        hid_channels=512,
        out_channels=256,
        num_layers=2,
        with_bias=True,
        with_last_bn=False,
        with_last_bias=True,
        with_avg_pool=True,
        norm_cfg=dict(type='BN1d')),
    queue_length=4096,
    feat_channels=256)
