_base_ = ['ce_dg.py', '../_base_/methods/rifle.py']
