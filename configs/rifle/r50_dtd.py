_base_ = ['../ce/r50_dtd.py', '../_base_/methods/rifle.py']
