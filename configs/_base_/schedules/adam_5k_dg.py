# DomainBed's own defaults: Adam, a constant learning rate of 5e-5, 5,000 steps; validation every 300.
optim_wrapper = dict(optimizer=dict(type='Adam', lr=5e-5, weight_decay=0.0))
param_scheduler = None
train_cfg = dict(type='cft.ResumableIterLoop', max_iters=5000, val_interval=300)
log_processor = dict(by_epoch=False)
