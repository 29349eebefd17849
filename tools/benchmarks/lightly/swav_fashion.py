# As swav_digits.py, beside configs/quickstart/deepcluster_fashion.py.
_base_ = ['../../../configs/quickstart/deepcluster_fashion.py']

model = dict(
    _delete_=True,
    type='lightly_models.LightlySwAV',
    data_preprocessor=dict(type='SelfSupDataPreprocessor', **_base_.fashion_normalization),
    backbone=dict(**_base_.backbone_cfg),
    widths=(64, 128, 64),
    num_prototypes=30,
)
custom_hooks = []
