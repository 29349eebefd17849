_base_ = ['../ce/folder_det.py', '../_base_/methods/rifle.py']
