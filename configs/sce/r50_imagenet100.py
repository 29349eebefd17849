# SCE, table 5: SCE on ImageNet-100, batches of 512 on 8 GPUs.
_base_ = [
    '../_base_/models/r50_ssl_4096.py',
    '../_base_/datasets/imagenet100_ssl.py',
    '../_base_/schedules/ssl_imagenet100_200e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='cft.SCE',
    head=dict(type='cft.SCELoss', temperature=0.1, target_temperature=0.07, coefficient=0.5))
