_base_ = ['../ce/folder_seg.py', '../_base_/methods/triplet.py']

model = _base_.method_head
