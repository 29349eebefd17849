# SwAV's and DeepCluster-v2's multi-crop, two large crops and six small ones; every sample names its image
# (sample_idx), for which the clustering keeps a pseudo-label.
_base_ = 'unlabelled.py'

large_transforms = [
    dict(type='cft.ViewAugment', distribution='swav', size=_base_.image_size, crop_ratio_range=(0.14, 1.0))
]
small_transforms = [dict(type='cft.ViewAugment', distribution='swav', size=96, crop_ratio_range=(0.05, 0.14))]
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='cft.LoadImage'),
            dict(type='cft.MultiView', num_views=[2, 6], transforms=[large_transforms, small_transforms]),
            dict(type='PackInputs'),
        ]))
