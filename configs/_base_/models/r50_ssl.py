# ResNet-50 with MoCo-v2's projector for momentum contrast; each GPU's BatchNorm is its own, keys are shuffled.
# No residual block starts at zero, as in the released code of MoCo and SCE.
model = dict(
    data_preprocessor=dict(
        type='SelfSupDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        to_rgb=True),
    backbone=dict(
        type='ResNet', depth=50, num_stages=4, out_indices=(3, ), style='pytorch', zero_init_residual=False),
    neck=dict(type='MoCoV2Neck', in_channels=2048, hid_channels=2048, out_channels=128, with_avg_pool=True),
    queue_length=65536,
    feat_channels=128)
