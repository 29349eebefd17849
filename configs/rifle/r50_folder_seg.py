_base_ = ['../ce/r50_folder_seg.py', '../_base_/methods/rifle.py']
