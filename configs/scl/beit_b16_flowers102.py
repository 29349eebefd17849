_base_ = ['../ce/beit_b16_flowers102.py', '../_base_/methods/scl.py']

model = dict(head=_base_.method_head)
