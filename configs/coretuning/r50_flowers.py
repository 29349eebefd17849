_base_ = ['../ce/r50_flowers.py', '../_base_/methods/coretuning.py']

model = dict(head=_base_.method_head)
# Table 2 of the appendix: eta 1, alpha 0.1.
model['head']['contrastive'].update(loss_weight=1.0)
model['head']['contrastive']['pairs'].update(alpha=0.1)
