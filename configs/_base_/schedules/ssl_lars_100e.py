# SCE, section 4.3, 100 epochs: learning rate 0.5 x 4096 / 256. The commands of the released code have 0.6 instead
# of the paper's 0.5.
_base_ = 'ssl_lars_200e.py'

optim_wrapper = dict(optimizer=dict(lr=8.0))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=True, begin=0, end=10, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', by_epoch=True, begin=10, convert_to_iter_based=True),
]
epochs = 100
train_cfg = dict(max_epochs=epochs)
