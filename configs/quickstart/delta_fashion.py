_base_ = ['ce_fashion.py', '../_base_/methods/delta.py']

model = dict(regularizers=_base_.method_regularizers)
# DELTA takes the place of weight decay.
optim_wrapper = dict(optimizer=dict(lr=0.1, weight_decay=0.0))
