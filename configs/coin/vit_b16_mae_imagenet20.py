# Table 6: a ViT pre-trained by MAE. The recipe is MAE's; the paper says no more than that it is followed.
_base_ = ['../ce/vit_b16_imagenet20.py', '../_base_/methods/coin.py']

model = dict(head=_base_.method_head)
