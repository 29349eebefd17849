_base_ = ['ce_digits.py', '../_base_/methods/mm.py']

model = dict(head=_base_.method_head)
