# DeepCluster-v2's projector of two layers, hidden 2048, out 128. The prototypes must be fewer than the images: 300
# suit some thousands.
_base_ = 'auto_ssl.py'

model = dict(
    _delete_=True,
    type='cft.DeepClusterV2',
    data_preprocessor=dict(type='SelfSupDataPreprocessor', mean=None, std=None, to_rgb=True),
    backbone=dict(type='cft.AutoBackbone'),
    neck=dict(
        type='NonLinearNeck',
        in_channels=None,
        hid_channels=2048,
        out_channels=128,
        num_layers=2,
        with_bias=True,
        with_last_bn=False,
        with_last_bias=True,
        norm_cfg=dict(type='SyncBN')),
    head=dict(type='cft.PrototypeLoss', temperature=0.1),
    num_prototypes=(300, 300, 300),
    feat_channels=128)
# As released: SyncBN, and the last BatchNorm of a residual block begins as the others do.
networks = dict(
    resnet=dict(
        _delete_=True,
        backbone=dict(
            num_stages=4, out_indices=(3, ), style='pytorch', norm_cfg=dict(type='SyncBN'), zero_init_residual=False),
        neck=dict(with_avg_pool=True)))
