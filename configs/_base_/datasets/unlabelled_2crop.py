# The two views of DeepCluster-v2 without multi-crop; every sample names its image
# (sample_idx), for which the clustering keeps a pseudo-label.
_base_ = 'unlabelled.py'

view_transforms = [
    dict(type='cft.ViewAugment', distribution='swav', size=_base_.image_size, crop_ratio_range=(0.08, 1.0))
]
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='cft.LoadImage'),
            dict(type='cft.MultiView', num_views=2, transforms=[view_transforms]),
            dict(type='PackInputs'),
        ]))
