_base_ = ['../ce/r50_food101.py', '../_base_/methods/bss.py']

model = dict(regularizers=_base_.method_regularizers)
