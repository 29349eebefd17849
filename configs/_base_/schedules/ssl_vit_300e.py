# MoCo-v3's recipe for ViTs: AdamW, batches of 4096, learning rate 1.5e-4 x 4096 / 256, weight decay 0.1,
# 40 epochs of warm-up, then a cosine; momentum from 0.99.
optim_wrapper = dict(
    optimizer=dict(type='AdamW', lr=2.4e-3, weight_decay=0.1), constructor='cft.BiasAndNormExclusion')
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-4, by_epoch=True, begin=0, end=40, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', by_epoch=True, begin=40, convert_to_iter_based=True),
]
epochs = 300
train_cfg = dict(type='cft.ResumableEpochLoop', max_epochs=epochs)
custom_hooks = [dict(type='cft.MomentumUpdateHook', momentum=0.99, end_momentum=1.0, schedule='cosine')]
auto_scale_lr = dict(base_batch_size=4096, enable=False)
