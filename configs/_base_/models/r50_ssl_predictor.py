# MoCo-v3's architecture, which SCE takes in section 4.3: projector of three layers, predictor of two, hidden 4096,
# out 256, all BatchNorms synchronised, which makes shuffled keys needless. The loss is symmetric.
# The released code of SCE has hidden 2048 in the projector, but 4096 with multi-crop; the paper's words hold here.
_base_ = 'r50_ssl.py'

model = dict(
    backbone=dict(norm_cfg=dict(type='SyncBN')),
    neck=dict(
        _delete_=True,
        type='NonLinearNeck',
        in_channels=2048,
        hid_channels=4096,
        out_channels=256,
        num_layers=3,
        with_last_bn=True,
        with_last_bn_affine=False,
        with_avg_pool=True,
        norm_cfg=dict(type='SyncBN')),
    predictor=dict(
        type='NonLinearNeck',
        in_channels=256,
        hid_channels=4096,
        out_channels=256,
        num_layers=2,
        with_last_bn=False,
        with_avg_pool=False,
        norm_cfg=dict(type='SyncBN')),
    feat_channels=256,
    shuffle_keys=False,
    symmetric=True)
