_base_ = ['../ce/r50_folder_mask_det.py', '../_base_/methods/rifle.py']
