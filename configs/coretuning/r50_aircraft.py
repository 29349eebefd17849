_base_ = ['../ce/r50_aircraft.py', '../_base_/methods/coretuning.py']

model = dict(head=_base_.method_head)
# Table 2 of the appendix: alpha 0.1.
model['head']['contrastive']['pairs'].update(alpha=0.1)
