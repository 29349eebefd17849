_base_ = ['ce_digits.py', '../_base_/methods/mm.py']

model = dict(head=_base_.method_head)
model['head']['contrastive']['loss'].update(margin=0.5)
custom_hooks = _base_.custom_hooks
custom_hooks[0]['stages'][0].update(fraction=0.3)
optim_wrapper = dict(optimizer=dict(lr=0.05))
