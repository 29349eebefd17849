_base_ = ['ce_seg.py', '../_base_/methods/noisytune.py']

model = _base_.method_head
