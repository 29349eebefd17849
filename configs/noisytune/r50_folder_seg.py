_base_ = ['../ce/r50_folder_seg.py', '../_base_/methods/noisytune.py']

model = _base_.method_head
