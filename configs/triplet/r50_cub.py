_base_ = ['../ce/r50_cub.py', '../_base_/methods/triplet.py']

model = dict(head=_base_.method_head)
