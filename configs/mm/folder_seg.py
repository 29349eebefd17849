_base_ = ['../ce/folder_seg.py', '../_base_/methods/mm.py']

model = _base_.method_head
