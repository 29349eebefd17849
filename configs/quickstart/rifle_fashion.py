_base_ = ['ce_fashion.py', '../_base_/methods/rifle.py']
optim_wrapper = dict(optimizer=dict(lr=0.05))
