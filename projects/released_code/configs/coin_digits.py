_base_ = ['../../../configs/quickstart/coin_digits.py', '_base_/coin_parts.py']

model = dict(head=_base_.parts_head)
model['head']['contrastive']['loss'].update(temperature=0.1)
