_base_ = ['../ce/folder_dg.py', '../_base_/methods/rifle.py']
