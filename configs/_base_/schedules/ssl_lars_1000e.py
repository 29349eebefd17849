# SCE, section 4.3, 1000 epochs: learning rate 0.3 x 4096 / 256, weight decay 1.5e-6, momentum from 0.996.
_base_ = 'ssl_lars_200e.py'

optim_wrapper = dict(optimizer=dict(weight_decay=1.5e-6))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=True, begin=0, end=10, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', by_epoch=True, begin=10, convert_to_iter_based=True),
]
epochs = 1000
train_cfg = dict(max_epochs=epochs)
custom_hooks = [dict(type='cft.MomentumUpdateHook', momentum=0.996, end_momentum=1.0, schedule='cosine')]
