_base_ = ['../ce/r50_sun397.py', '../_base_/methods/rifle.py']
