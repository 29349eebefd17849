_base_ = ['../ce/r50_places365.py', '../_base_/methods/coretuning.py']

model = dict(head=_base_.method_head)
