_base_ = ['coin_digits.py', '_base_/coin_released.py']

model = dict(head=_base_.released_head)
