# SCE, sections 4.1 and 4.2: 200 epochs of SGD on ImageNet, batches of 512, 5 epochs of warm-up, then a cosine.
# The paper names the learning rate 0.5 and the linear scaling rule; its released code multiplies by
# batch / 256, hence 0.5 x 512 / 256 here.
optim_wrapper = dict(optimizer=dict(type='SGD', lr=1.0, momentum=0.9, weight_decay=1e-4))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=True, begin=0, end=5, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', by_epoch=True, begin=5, convert_to_iter_based=True),
]
epochs = 200
train_cfg = dict(type='cft.ResumableEpochLoop', max_epochs=epochs)
custom_hooks = [dict(type='cft.MomentumUpdateHook', momentum=0.996, end_momentum=1.0, schedule='cosine')]
auto_scale_lr = dict(base_batch_size=512, enable=False)
