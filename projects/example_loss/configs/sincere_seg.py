_base_ = ['../../../configs/quickstart/ce_seg.py', 'sincere.py']

model = _base_.method_head
