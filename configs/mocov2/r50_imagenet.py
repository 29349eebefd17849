# MoCo-v2 as released: batches of 256 on 8 GPUs; its published linear probe is at 67.5.
_base_ = [
    '../_base_/models/r50_ssl.py',
    '../_base_/datasets/imagenet_ssl.py',
    '../_base_/schedules/mocov2_200e.py',
    '../_base_/default_runtime.py',
]

model = dict(type='cft.MoCoV2', head=dict(type='cft.InfoNCELoss', temperature=0.2))
# Both views are strong.
batch_size = 32  # of each of 8 GPUs, 256 in all
train_dataloader = dict(
    batch_size=batch_size,
    dataset=dict(
        pipeline=[
            dict(type='cft.LoadImage'),
            dict(type='cft.MultiView', num_views=2, transforms=[_base_.strong_transforms]),
            dict(type='PackInputs'),
        ]))
