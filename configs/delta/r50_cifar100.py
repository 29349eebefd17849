_base_ = ['../ce/r50_cifar100.py', '../_base_/methods/delta.py']

model = dict(regularizers=_base_.method_regularizers)
# DELTA takes the place of weight decay.
optim_wrapper = dict(optimizer=dict(weight_decay=0.0))
