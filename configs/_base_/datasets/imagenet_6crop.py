# Two crops of 160 pixels and four of 96, with which HEXA makes figures 2 and 5. It names the sizes alone; the areas are
# those of DeepCluster-v2's released script for these crops (deepclusterv2_400ep_pretrain.sh).
_base_ = 'imagenet_8crop.py'

large_transforms = [dict(type='cft.ViewAugment', distribution='swav', size=160, crop_ratio_range=(0.08, 1.0))]
small_transforms = [dict(type='cft.ViewAugment', distribution='swav', size=96, crop_ratio_range=(0.05, 0.14))]
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='cft.LoadImage'),
            dict(type='cft.MultiView', num_views=[2, 4], transforms=[large_transforms, small_transforms]),
            dict(type='PackInputs'),
        ]))
