_base_ = ['../ce/r50_food101.py', '../_base_/methods/rifle.py']
