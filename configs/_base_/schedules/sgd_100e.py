# Core-tuning, appendix C.2 and table 2: Nesterov SGD, 100 epochs, one cosine.
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=1e-4, nesterov=True))
param_scheduler = dict(type='CosineAnnealingLR', by_epoch=True, begin=0, end=100, convert_to_iter_based=True)
train_cfg = dict(by_epoch=True, max_epochs=100, val_interval=1)
auto_scale_lr = dict(base_batch_size=256, enable=False)
