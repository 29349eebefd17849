_base_ = ['../ce/vit_b16_folder.py', '../_base_/methods/bss.py']

model = dict(regularizers=_base_.method_regularizers)
