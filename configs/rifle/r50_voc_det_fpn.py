_base_ = ['../ce/r50_voc_det_fpn.py', '../_base_/methods/rifle.py']
