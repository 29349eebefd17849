_base_ = ['ce_fashion.py', '../_base_/methods/noisytune.py']

model = dict(head=_base_.method_head)
model['head']['contrastive'].update(projector=None, loss_weight=0.5)
model['head']['contrastive']['loss'].update(temperature=0.2)
optim_wrapper = dict(optimizer=dict(lr=0.025))
