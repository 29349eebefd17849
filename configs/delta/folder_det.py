_base_ = ['../ce/folder_det.py', '../_base_/methods/delta.py']

default_hooks = dict(regularizers=dict(regularizers=_base_.method_regularizers))
# DELTA takes the place of weight decay.
optim_wrapper = dict(optimizer=dict(weight_decay=0.0))
