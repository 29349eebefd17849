# SCE, table 5: MoCoV2 as reproduced there on ImageNet, batches of 512 on 8 GPUs, with the projector of ImageNet-100
# "to improve the result" (section 4.2). The schedule is SCE's; which one MoCoV2 had is not told.
_base_ = [
    '../_base_/models/r50_ssl_4096.py',
    '../_base_/datasets/imagenet_ssl.py',
    '../_base_/schedules/ssl_imagenet_200e.py',
    '../_base_/default_runtime.py',
]

model = dict(type='cft.MoCoV2', head=dict(type='cft.InfoNCELoss', temperature=0.2))
# Both views are strong in MoCo-v2.
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='cft.LoadImage'),
            dict(type='cft.MultiView', num_views=2, transforms=[_base_.strong_transforms]),
            dict(type='PackInputs'),
        ]))
