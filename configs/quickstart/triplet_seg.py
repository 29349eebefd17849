_base_ = ['ce_seg.py', '../_base_/methods/triplet.py']

model = _base_.method_head
