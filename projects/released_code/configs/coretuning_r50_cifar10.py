_base_ = ['../../../configs/coretuning/r50_cifar10.py', '_base_/coretuning_parts.py']

model = dict(head=_base_.parts_head)
