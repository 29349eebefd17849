_base_ = ['../ce/r50_inat18.py', '../_base_/methods/rifle.py']
