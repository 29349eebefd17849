_base_ = ['ce_digits.py', '../_base_/methods/rifle.py']
optim_wrapper = dict(optimizer=dict(lr=0.05))
