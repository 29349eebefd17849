_base_ = ['../ce/r50_flowers.py', '../_base_/methods/rifle.py']
