_base_ = ['../ce/r50_voc_seg.py', '../_base_/methods/mm.py']

model = _base_.method_head
