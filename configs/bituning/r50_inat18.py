_base_ = ['../ce/r50_inat18.py', '../_base_/methods/bituning.py']

model = _base_.method_model
train_dataloader = dict(dataset=dict(pipeline=_base_.two_view_pipeline))
