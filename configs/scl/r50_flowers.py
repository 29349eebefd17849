_base_ = ['../ce/r50_flowers.py', '../_base_/methods/scl.py']

model = dict(head=_base_.method_head)
