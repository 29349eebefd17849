_base_ = ['ce_digits.py', '../_base_/methods/l2sp.py']

model = dict(regularizers=_base_.method_regularizers)
# L2-SP takes the place of weight decay.
optim_wrapper = dict(optimizer=dict(lr=0.1, weight_decay=0.0))
