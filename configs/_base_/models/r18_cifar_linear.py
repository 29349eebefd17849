# Linear probe of what r18_cifar_ssl.py pre-trains.
_base_ = 'r50_linear.py'

model = dict(
    data_preprocessor=dict(
        mean=[125.307, 122.961, 113.8575],
        std=[51.5865, 50.847, 51.255]),
    backbone=dict(type='ResNet_CIFAR', depth=18),
    head=dict(in_channels=512))
