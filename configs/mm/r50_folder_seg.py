_base_ = ['../ce/r50_folder_seg.py', '../_base_/methods/mm.py']

model = _base_.method_head
