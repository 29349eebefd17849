_base_ = ['../../../configs/quickstart/coretuning_digits.py', '_base_/coretuning_parts.py']

model = dict(head=_base_.parts_head)
model['head']['contrastive'].update(loss_weight=0.3)
