_base_ = ['ce_fashion.py', '../_base_/methods/ce_simclr.py']

model = dict(head=_base_.method_head)
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=_base_.two_view_pipeline)))
optim_wrapper = dict(optimizer=dict(lr=0.05))
