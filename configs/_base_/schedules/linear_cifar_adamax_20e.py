# Linear probe on CIFAR of HEXA (appendix B): Adamax, 20 epochs of batches of 256. "A learning rate
# [0.1, 0.01, 0.001] and decay at [7, 14] with a factor of 0.1" is read as the rates of the three phases.
optim_wrapper = dict(optimizer=dict(type='Adamax', lr=0.1))
param_scheduler = dict(type='MultiStepLR', by_epoch=True, milestones=[7, 14], gamma=0.1)
epochs = 20
train_cfg = dict(type='cft.ResumableEpochLoop', max_epochs=epochs)
auto_scale_lr = dict(base_batch_size=256, enable=False)
