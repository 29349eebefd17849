_base_ = ['ce_fashion.py', '../_base_/methods/rifle.py']
