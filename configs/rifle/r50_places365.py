_base_ = ['../ce/r50_places365.py', '../_base_/methods/rifle.py']
