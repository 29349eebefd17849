# Std + Adv + Cmx of figure 2: HEXA_MoCo with cut-mixed queries as well.
_base_ = ['./moco_r50_imagenet.py']

model = dict(hard_examples=dict(cutmix_weight=1.))
