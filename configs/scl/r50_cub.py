_base_ = ['../ce/r50_cub.py', '../_base_/methods/scl.py']

model = dict(head=_base_.method_head)
