_base_ = ['../ce/vit_b16_folder.py', '../_base_/methods/noisytune.py']

model = dict(head=_base_.method_head)
