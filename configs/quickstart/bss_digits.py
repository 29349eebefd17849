_base_ = ['ce_digits.py', '../_base_/methods/bss.py']

model = dict(regularizers=_base_.method_regularizers)
optim_wrapper = dict(optimizer=dict(lr=0.025))
