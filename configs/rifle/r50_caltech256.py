_base_ = ['../ce/r50_caltech256.py', '../_base_/methods/rifle.py']
