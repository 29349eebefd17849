# SCE on images of your own, in folders of any layout: cft train sce/folder data_root=FOLDER
_base_ = [
    '../_base_/models/auto_ssl_mlp3.py',
    '../_base_/datasets/unlabelled.py',
    '../_base_/schedules/auto_ssl_200e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='cft.SCE',
    head=dict(type='cft.SCELoss', temperature=0.1, target_temperature=0.07, coefficient=0.5))
