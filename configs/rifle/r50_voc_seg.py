_base_ = ['../ce/r50_voc_seg.py', '../_base_/methods/rifle.py']
