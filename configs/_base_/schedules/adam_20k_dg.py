# Core-tuning, appendix C.3: Adam, learning rate 5e-5, exponential decay, 20,000 steps; weight decay 0 is
# DomainBed's. The rate of the decay is not published: here the learning rate falls to a tenth over the run.
optim_wrapper = dict(optimizer=dict(type='Adam', lr=5e-5, weight_decay=0.0))
param_scheduler = dict(type='ExponentialLR', by_epoch=False, gamma=0.1**(1 / 20000))
# DomainBed looks at the validation images every 300 steps on these data sets.
train_cfg = dict(type='cft.ResumableIterLoop', max_iters=20000, val_interval=300)
log_processor = dict(by_epoch=False)
