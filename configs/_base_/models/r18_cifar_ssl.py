# ResNet-18 whose stem suits 32x32 images, and a two-layer projector with BatchNorm after the first. BatchNorm of the
# keys' encoder alone, in eight parts, stands for eight GPUs. All as in the released code of SCE for CIFAR-10, which has
# mean and deviation of each data set; here all have CIFAR-10's.
model = dict(
    data_preprocessor=dict(
        type='SelfSupDataPreprocessor',
        mean=[125.307, 122.961, 113.8575],
        std=[51.5865, 50.847, 51.255],
        to_rgb=True),
    backbone=dict(type='ResNet_CIFAR', depth=18, out_indices=(3, ), zero_init_residual=False),
    neck=dict(
        type='NonLinearNeck',
        in_channels=512,
        hid_channels=512,
        out_channels=128,
        num_layers=2,
        with_last_bn=False,
        with_last_bias=True,
        with_avg_pool=True,
        norm_cfg=dict(type='BN1d')),
    key_splits=8,
    queue_length=4096,
    feat_channels=128)
