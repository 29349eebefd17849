_base_ = ['../ce/r50_inat17.py', '../_base_/methods/rifle.py']
