# SwAV's and DeepCluster-v2's multi-crop, two large crops and six small ones; every sample names its image
# (sample_idx), for which the clustering keeps a pseudo-label.
_base_ = 'imagenet_ssl.py'

large_transforms = [dict(type='cft.ViewAugment', distribution='swav', size=224, crop_ratio_range=(0.14, 1.0))]
small_transforms = [dict(type='cft.ViewAugment', distribution='swav', size=96, crop_ratio_range=(0.05, 0.14))]
batch_size = 64  # of each of 64 GPUs, 4,096 in all
train_dataloader = dict(
    batch_size=batch_size,
    dataset=dict(
        pipeline=[
            dict(type='cft.LoadImage'),
            dict(type='cft.MultiView', num_views=[2, 6], transforms=[large_transforms, small_transforms]),
            dict(type='PackInputs'),
        ]))
