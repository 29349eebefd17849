_base_ = ['../ce/r50_cifar10_rotated.py', '../_base_/methods/bss.py']

model = dict(regularizers=_base_.method_regularizers)
