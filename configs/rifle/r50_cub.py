_base_ = ['../ce/r50_cub.py', '../_base_/methods/rifle.py']
