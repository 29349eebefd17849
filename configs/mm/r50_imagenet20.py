_base_ = ['../ce/r50_imagenet20.py', '../_base_/methods/mm.py']

model = dict(head=_base_.method_head)
