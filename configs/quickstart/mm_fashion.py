_base_ = ['ce_fashion.py', '../_base_/methods/mm.py']

model = dict(head=_base_.method_head)
optim_wrapper = dict(optimizer=dict(lr=0.05))
