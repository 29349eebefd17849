_base_ = ['../ce/r50_sun397.py', '../_base_/methods/coretuning.py']

model = dict(head=_base_.method_head)
