_base_ = ['../../../configs/quickstart/scl_digits.py', '_base_/scl_parts.py']

model = dict(head=_base_.parts_head)
