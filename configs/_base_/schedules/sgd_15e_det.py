# HEXA, appendix B: 15 epochs of batches of 8, learning rate 0.05, a tenth of it after 12 epochs.
# The warm-up has no source there; detection at this rate needs one.
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=0.05, momentum=0.9, weight_decay=1e-4))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, begin=0, end=100, by_epoch=False),
    dict(type='MultiStepLR', milestones=[12], gamma=0.1, by_epoch=True),
]
epochs = 15
train_cfg = dict(type='cft.ResumableEpochLoop', max_epochs=epochs)
auto_scale_lr = dict(enable=False, base_batch_size=8)
