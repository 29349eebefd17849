# SCE, section 4.3: LARS without adaptation and decay of biases and norms, batches of 4096, 10 epochs of warm-up,
# then a cosine. Learning rate 0.3 x 4096 / 256 for 200 and 300 epochs; the coefficient 0.001 is the released code's.
optim_wrapper = dict(
    optimizer=dict(type='cft.LARS', lr=4.8, momentum=0.9, weight_decay=1e-6, eta=0.001),
    constructor='cft.BiasAndNormExclusion')
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=True, begin=0, end=10, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', by_epoch=True, begin=10, convert_to_iter_based=True),
]
epochs = 200
train_cfg = dict(type='cft.ResumableEpochLoop', max_epochs=epochs)
custom_hooks = [dict(type='cft.MomentumUpdateHook', momentum=0.99, end_momentum=1.0, schedule='cosine')]
auto_scale_lr = dict(base_batch_size=4096, enable=False)
