_base_ = ['../ce/folder_seg.py', '../_base_/methods/bss.py']

model = dict(regularizers=_base_.method_regularizers)
