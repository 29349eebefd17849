_base_ = ['../ce/r50_cifar10_rotated.py', '../_base_/methods/rifle.py']
