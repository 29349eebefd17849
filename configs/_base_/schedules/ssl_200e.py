# 200 epochs of SGD with 5 epochs of warm-up and a cosine, as ReSSL's and SCE's recipe for small images.
# SCE's paper leaves the figures for small images to its supplement; its released code for CIFAR-10 has lr 0.06,
# weight decay 5e-4 and a constant momentum of 0.99, all ReSSL's.
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.06, momentum=0.9, weight_decay=5e-4))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=True, begin=0, end=5, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', by_epoch=True, begin=5, convert_to_iter_based=True),
]
epochs = 200
train_cfg = dict(type='cft.ResumableEpochLoop', max_epochs=epochs)
custom_hooks = [dict(type='cft.MomentumUpdateHook', momentum=0.99, schedule='constant')]
