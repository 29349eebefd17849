_base_ = ['./ce_new_digits.py', '../_base_/methods/ce_simclr.py']

model = dict(head=_base_.method_head)
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=_base_.two_view_pipeline)))
