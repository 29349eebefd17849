_base_ = ['coretuning_digits.py', '_base_/coretuning_released.py']

model = dict(head=_base_.released_head)
