_base_ = ['../ce/folder_det.py', '../_base_/methods/l2sp.py']

default_hooks = dict(regularizers=dict(regularizers=_base_.method_regularizers))
# L2-SP takes the place of weight decay.
optim_wrapper = dict(optimizer=dict(weight_decay=0.0))
