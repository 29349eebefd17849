_base_ = ['../ce/r50_voc_det.py', '../_base_/methods/bss.py']

default_hooks = dict(regularizers=dict(regularizers=_base_.method_regularizers))
