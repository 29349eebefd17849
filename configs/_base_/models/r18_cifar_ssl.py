# ResNet-18 whose stem suits 32x32 images, and a two-layer projector. BatchNorm in eight parts stands for eight
# GPUs, as in the released code of SCE.
model = dict(
    data_preprocessor=dict(
        type='SelfSupDataPreprocessor',
        mean=[125.307, 122.961, 113.8575],
        std=[51.5865, 50.847, 51.255]),
    backbone=dict(type='ResNet_CIFAR', depth=18, out_indices=(3, ), norm_cfg=dict(type='cft.SplitBN', num_splits=8)),
    neck=dict(type='MoCoV2Neck', in_channels=512, hid_channels=512, out_channels=256, with_avg_pool=True),
    queue_length=4096,
    feat_channels=256)
