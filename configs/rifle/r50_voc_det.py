_base_ = ['../ce/r50_voc_det.py', '../_base_/methods/rifle.py']
