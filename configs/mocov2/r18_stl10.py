# SCE, table 5: MoCoV2 as reproduced there, tau 0.2 (section 4.2). All else is as for SCE,
# since the paper names no settings.
_base_ = [
    '../_base_/models/r18_cifar_ssl.py',
    '../_base_/datasets/stl10_ssl.py',
    '../_base_/schedules/ssl_medium_200e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='cft.MoCoV2',
    head=dict(type='cft.InfoNCELoss', temperature=0.2),
    queue_length=16384)
# Both views are strong in MoCo-v2.
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='cft.MultiView', num_views=2, transforms=[_base_.strong_transforms]),
            dict(type='PackInputs'),
        ]))
