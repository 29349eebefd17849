_base_ = ['../ce/r50_caltech256.py', '../_base_/methods/triplet.py']

model = dict(head=_base_.method_head)
