_base_ = ['../ce/r50_inat18.py', '../_base_/methods/coretuning.py']

model = dict(head=_base_.method_head)
# Table 2 of the appendix: eta 10.
model['head']['contrastive'].update(loss_weight=10.0)
