# lightly's MoCo-v2 beside configs/mocov2/r50_imagenet.py, which gives images, schedule and sizes.
_base_ = ['../../../configs/mocov2/r50_imagenet.py']

model = dict(
    _delete_=True,
    type='lightly_models.LightlyMoCo',
    data_preprocessor=dict(
        type='SelfSupDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True
    ),
    backbone=dict(type='ResNet', depth=50, num_stages=4, out_indices=(3,), style='pytorch', zero_init_residual=False),
    widths=(2048, 2048, 128),
    queue_length=65536,
    temperature=0.2,
)
