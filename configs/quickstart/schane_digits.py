_base_ = ['ce_digits.py', '../_base_/methods/schane.py']

model = dict(head=_base_.method_head)
model['head'].update(loss_weights=dict(loss_ce=0.5, loss_con=0.5))
model['head']['contrastive']['loss'].update(temperature=0.2)
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=_base_.two_view_pipeline)))
optim_wrapper = dict(optimizer=dict(lr=0.05))
