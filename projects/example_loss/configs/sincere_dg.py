_base_ = ['../../../configs/quickstart/ce_dg.py', 'sincere.py']

model = dict(head=_base_.method_head)
