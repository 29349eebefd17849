_base_ = ['../ce/beit_b16_places365.py', '../_base_/methods/scl.py']

model = dict(head=_base_.method_head)
