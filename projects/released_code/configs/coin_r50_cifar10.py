_base_ = ['../../../configs/coin/r50_cifar10.py', '_base_/coin_parts.py']

model = dict(head=_base_.parts_head)
