_base_ = ['../ce/r50_imagenet20.py', '../_base_/methods/rifle.py']
