# Core-tuning, appendix C.2 and table 2: Nesterov SGD, 100 epochs, one cosine.
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=1e-4, nesterov=True))
param_scheduler = dict(type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True)
epochs = 100
train_cfg = dict(type='cft.ResumableEpochLoop', max_epochs=epochs, val_interval=1)
auto_scale_lr = dict(base_batch_size=256, enable=False)
