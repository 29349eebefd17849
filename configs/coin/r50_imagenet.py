_base_ = ['../ce/r50_imagenet.py', '../_base_/methods/coin.py']

model = dict(head=_base_.method_head)
