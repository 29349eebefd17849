# DeepCluster-v2 beside mocov2_digits.py: prototypes of k-means instead of a momentum encoder and a queue.
_base_ = ['./mocov2_digits.py']

model = dict(
    _delete_=True,
    type='cft.DeepClusterV2',
    data_preprocessor=dict(type='SelfSupDataPreprocessor', **_base_.normalization_cfg),
    backbone=dict(**_base_.backbone_cfg),
    neck=dict(
        type='NonLinearNeck',
        in_channels=64,
        hid_channels=128,
        out_channels=64,
        num_layers=2,
        with_bias=True,
        with_last_bn=False,
        with_last_bias=True,
        with_avg_pool=True,
        norm_cfg=dict(type='BN1d')),
    head=dict(type='cft.PrototypeLoss', temperature=0.1),
    num_prototypes=(30, 30, 30),
    feat_channels=64)
custom_hooks = [dict(type='cft.ClusterHook')]
