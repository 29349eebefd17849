# The two views of DeepCluster-v2 without multi-crop, as released for 400 epochs; every sample names its image
# (sample_idx), for which the clustering keeps a pseudo-label.
_base_ = 'imagenet_ssl.py'

view_transforms = [dict(type='cft.ViewAugment', distribution='swav', size=224, crop_ratio_range=(0.08, 1.0))]
batch_size = 64  # of each of 64 GPUs, 4,096 in all
train_dataloader = dict(
    batch_size=batch_size,
    dataset=dict(
        pipeline=[
            dict(type='cft.LoadImage'),
            dict(type='cft.MultiView', num_views=2, transforms=[view_transforms]),
            dict(type='PackInputs'),
        ]))
