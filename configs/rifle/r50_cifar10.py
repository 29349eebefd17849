_base_ = ['../ce/r50_cifar10.py', '../_base_/methods/rifle.py']
