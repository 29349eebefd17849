_base_ = ['ce_digits.py', '../_base_/methods/rifle.py']
