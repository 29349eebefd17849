_base_ = ['../ce/folder_seg.py', '../_base_/methods/noisytune.py']

model = _base_.method_head
