_base_ = ['../ce/vit_b16_folder.py', '../_base_/methods/rifle.py']
