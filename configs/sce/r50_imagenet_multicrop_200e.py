# SCE, section 4.3 and table 8: r50_imagenet_lars_200e.py with four local crops (75.4 in the linear probe).
_base_ = [
    '../_base_/models/r50_ssl_predictor.py',
    '../_base_/datasets/imagenet_multicrop_ssl.py',
    '../_base_/schedules/ssl_lars_200e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='cft.SCE',
    head=dict(type='cft.SCELoss', temperature=0.1, target_temperature=0.07, coefficient=0.5))
