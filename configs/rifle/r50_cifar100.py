_base_ = ['../ce/r50_cifar100.py', '../_base_/methods/rifle.py']
