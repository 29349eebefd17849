_base_ = ['ce_det.py', '../_base_/methods/rifle.py']
