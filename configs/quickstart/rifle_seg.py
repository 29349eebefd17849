_base_ = ['ce_seg.py', '../_base_/methods/rifle.py']
