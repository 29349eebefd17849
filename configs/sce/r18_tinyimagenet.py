# SCE, table 5. The paper's supplement chooses tau_m; it is CIFAR-10's here, which has no source.
_base_ = [
    '../_base_/models/r18_cifar_ssl.py',
    '../_base_/datasets/tinyimagenet_ssl.py',
    '../_base_/schedules/ssl_medium_200e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='cft.SCE',
    head=dict(type='cft.SCELoss', temperature=0.1, target_temperature=0.05, coefficient=0.5),
    queue_length=16384)
