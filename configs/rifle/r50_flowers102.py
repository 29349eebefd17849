_base_ = ['../ce/r50_flowers102.py', '../_base_/methods/rifle.py']
