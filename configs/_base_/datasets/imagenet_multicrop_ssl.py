# SCE's multi-crop (section 4.3): two global views for a symmetric loss, then four local crops.
_base_ = 'imagenet_ssl.py'

global_transforms = [
    [dict(type='cft.ViewAugment', distribution=distribution, size=224)]
    for distribution in ('strong-alpha', 'strong-beta')
]
local_transforms = [
    [dict(type='cft.ViewAugment', distribution='strong-gamma', size=size, crop_ratio_range=crop_ratio_range)]
    for size, crop_ratio_range in (
        (192, (0.172, 0.86)),
        (160, (0.143, 0.715)),
        (128, (0.114, 0.571)),
        (96, (0.086, 0.429)),
    )
]
batch_size = 256  # of each of 16 GPUs, 4,096 in all
train_dataloader = dict(
    batch_size=batch_size,
    dataset=dict(
        pipeline=[
            dict(type='cft.LoadImage'),
            dict(type='cft.MultiView', num_views=[1] * 6, transforms=[*global_transforms, *local_transforms]),
            dict(type='PackInputs'),
        ]))
