# ResNet-50 with the three-layer projector of SCE's section 4.2 (ImageNet): hidden 2048, out 256, BatchNorm at each;
# the last one without scale and shift, as in the released code.
_base_ = 'r50_ssl.py'

model = dict(
    neck=dict(
        _delete_=True,
        type='NonLinearNeck',
        in_channels=2048,
        hid_channels=2048,
        out_channels=256,
        num_layers=3,
        with_last_bn=True,
        with_last_bn_affine=False,
        with_avg_pool=True,
        norm_cfg=dict(type='BN1d')),
    feat_channels=256)
