_base_ = ['ce_fashion.py', '../_base_/methods/triplet.py']

model = dict(head=_base_.method_head)
model['head']['contrastive'].update(projector=None, loss_weight=1.)
model['head']['contrastive']['loss'].update(margin=0.5)
optim_wrapper = dict(optimizer=dict(lr=0.05))
