_base_ = ['../../../configs/quickstart/coretuning_digits.py', '_base_/coretuning_parts.py']

# The settings of results/, whatever the quickstart's are by now.
model = dict(head=_base_.parts_head)
model['head']['contrastive'].update(loss_weight=0.3)
optim_wrapper = dict(optimizer=dict(lr=0.05))
