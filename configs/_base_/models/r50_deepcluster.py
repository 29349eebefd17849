# DeepCluster-v2 as released: projector of two layers, hidden 2048, out 128; three heads of 3,000 prototypes; SyncBN;
# the last BatchNorm of a residual block begins as the others do.
model = dict(
    type='cft.DeepClusterV2',
    data_preprocessor=dict(
        type='SelfSupDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        to_rgb=True),
    backbone=dict(
        type='ResNet',
        depth=50,
        num_stages=4,
        out_indices=(3, ),
        style='pytorch',
        norm_cfg=dict(type='SyncBN'),
        zero_init_residual=False),
    neck=dict(
        type='NonLinearNeck',
        in_channels=2048,
        hid_channels=2048,
        out_channels=128,
        num_layers=2,
        with_bias=True,
        with_last_bn=False,
        with_last_bias=True,
        with_avg_pool=True,
        norm_cfg=dict(type='SyncBN')),
    head=dict(type='cft.PrototypeLoss', temperature=0.1),
    num_prototypes=(3000, 3000, 3000),
    feat_channels=128)
custom_hooks = [dict(type='cft.ClusterHook')]
