_base_ = ['../ce/r50_folder_dg.py', '../_base_/methods/rifle.py']
