_base_ = ['ce_fashion.py', '../_base_/methods/coretuning.py']

model = dict(head=_base_.method_head)
model['head']['contrastive'].update(loss_weight=0.3)
