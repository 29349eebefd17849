# SCE on a ViT-S/16 with MoCo-v3's recipe. Not in the paper: there is no published figure to compare with.
_base_ = [
    '../_base_/models/vit_s16_ssl.py',
    '../_base_/datasets/imagenet_ssl.py',
    '../_base_/schedules/ssl_vit_300e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='cft.SCE',
    head=dict(type='cft.SCELoss', temperature=0.1, target_temperature=0.07, coefficient=0.5))
batch_size = 512  # of each of 8 GPUs, 4,096 in all
train_dataloader = dict(
    batch_size=batch_size,
    dataset=dict(
        pipeline=[
            dict(type='cft.LoadImage'),
            dict(
                type='cft.MultiView',
                num_views=[1, 1],
                transforms=[[dict(type='cft.ViewAugment', distribution='strong-alpha', size=224)],
                            [dict(type='cft.ViewAugment', distribution='strong-beta', size=224)]]),
            dict(type='PackInputs'),
        ]))
