_base_ = ['../ce/folder_seg.py', '../_base_/methods/rifle.py']
