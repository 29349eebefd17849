# As moco_digits.py, beside configs/quickstart/mocov2_fashion.py.
_base_ = ['../../../configs/quickstart/mocov2_fashion.py']

model = dict(
    _delete_=True,
    type='lightly_models.LightlyMoCo',
    data_preprocessor=dict(type='SelfSupDataPreprocessor', **_base_.fashion_normalization),
    # In two parts, as lightly's ResNetGenerator has it with num_splits=2.
    backbone=dict(norm_cfg=dict(type='cft.SplitBN', num_splits=2), **_base_.backbone_cfg),
    widths=(64, 128, 128),
    queue_length=512,
    temperature=0.2,
)
