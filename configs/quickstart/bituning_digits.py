_base_ = ['ce_digits.py', '../_base_/methods/bituning.py']

model = _base_.method_model
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=_base_.two_view_pipeline)))
# With so few steps a momentum of 0.999 would leave the keys those of the initial network.
custom_hooks = [dict(type='cft.MomentumUpdateHook', momentum=0.9, schedule='constant')]
optim_wrapper = dict(optimizer=dict(lr=0.025))
