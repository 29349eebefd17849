# SCE, table 5. The temperatures are ReSSL's on ImageNet; for small images SCE does not name them.
_base_ = [
    '../_base_/models/r18_cifar_ssl.py',
    '../_base_/datasets/cifar100_ssl.py',
    '../_base_/schedules/ssl_200e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='cft.ReSSL',
    head=dict(type='cft.ReSSLLoss', temperature=0.1, target_temperature=0.04))
