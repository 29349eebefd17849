_base_ = ['../ce/r50_caltech101.py', '../_base_/methods/rifle.py']
