# lightly's SwAV beside configs/quickstart/deepcluster_digits.py, which gives images, schedule, backbone, widths and
# the number of prototypes, of which there is one head.
_base_ = ['../../../configs/quickstart/deepcluster_digits.py']

model = dict(
    _delete_=True,
    type='lightly_models.LightlySwAV',
    data_preprocessor=dict(type='SelfSupDataPreprocessor', **_base_.normalization_cfg),
    backbone=dict(**_base_.backbone_cfg),
    widths=(64, 128, 64),
    num_prototypes=30,
)
custom_hooks = []
