_base_ = ['ce_seg.py', '../_base_/methods/scl.py']

model = _base_.method_head
