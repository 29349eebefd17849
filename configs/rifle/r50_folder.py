_base_ = ['../ce/r50_folder.py', '../_base_/methods/rifle.py']
