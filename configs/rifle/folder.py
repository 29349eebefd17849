_base_ = ['../ce/folder.py', '../_base_/methods/rifle.py']
