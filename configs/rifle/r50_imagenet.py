_base_ = ['../ce/r50_imagenet.py', '../_base_/methods/rifle.py']
