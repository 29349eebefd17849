_base_ = ['ce_seg.py', '../_base_/methods/mm.py']

model = _base_.method_head
