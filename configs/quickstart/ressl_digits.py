# ReSSL beside sce_digits.py: the relations without the own key. Nothing but the relations keeps its features apart,
# and without BatchNorm in the projector (ReSSL's and SCE's small models have it) they collapse here.
_base_ = ['./sce_digits.py']

model = dict(
    type='cft.ReSSL',
    neck=dict(
        _delete_=True,
        type='NonLinearNeck',
        in_channels=64,
        hid_channels=128,
        out_channels=128,
        num_layers=2,
        with_bias=True,
        with_last_bn=False,
        with_last_bias=True,
        with_avg_pool=True,
        norm_cfg=dict(type='BN1d')),
    head=dict(_delete_=True, type='cft.ReSSLLoss', temperature=0.1, target_temperature=0.05))
