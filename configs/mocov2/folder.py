# MoCo-v2 on images of your own, in folders of any layout: cft train mocov2/folder data_root=FOLDER
_base_ = [
    '../_base_/models/auto_ssl.py',
    '../_base_/datasets/unlabelled.py',
    '../_base_/schedules/auto_ssl_200e.py',
    '../_base_/default_runtime.py',
]

model = dict(type='cft.MoCoV2', head=dict(type='cft.InfoNCELoss', temperature=0.2))
# Both views are strong.
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='cft.LoadImage'),
            dict(type='cft.MultiView', num_views=2, transforms=[_base_.strong_transforms]),
            dict(type='PackInputs'),
        ]))
