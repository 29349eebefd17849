_base_ = ['ce_digits.py', '../_base_/methods/rifle.py']

custom_hooks = _base_.custom_hooks
custom_hooks[0].update(cycles=3)
optim_wrapper = dict(optimizer=dict(lr=0.05))
