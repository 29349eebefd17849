_base_ = ['../ce/beit_b16_cifar100.py', '../_base_/methods/scl.py']

model = dict(head=_base_.method_head)
