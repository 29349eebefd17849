# MoCo-v2: 200 epochs of batches of 256, learning rate 0.03, a cosine that changes once per epoch, key momentum 0.999.
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.03, momentum=0.9, weight_decay=1e-4))
param_scheduler = dict(type='CosineAnnealingLR', by_epoch=True)
epochs = 200
train_cfg = dict(type='cft.ResumableEpochLoop', max_epochs=epochs)
custom_hooks = [dict(type='cft.MomentumUpdateHook', momentum=0.999, schedule='constant')]
auto_scale_lr = dict(base_batch_size=256, enable=False)
