_base_ = ['../../../configs/quickstart/coin_digits.py', '_base_/coin_parts.py']

# The settings of results/, whatever the quickstart's are by now.
model = dict(head=_base_.parts_head)
model['head']['contrastive']['loss'].update(temperature=0.1)
optim_wrapper = dict(optimizer=dict(lr=0.05))
