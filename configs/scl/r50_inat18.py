_base_ = ['../ce/r50_inat18.py', '../_base_/methods/scl.py']

model = dict(head=_base_.method_head)
