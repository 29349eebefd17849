# Linear probe of MoCo and HEXA-MoCo (appendix B), and of SCE on CIFAR-10 (released code): 100 epochs of batches
# of 256, learning rate 30, a tenth of it after 60 and 80 epochs, no weight decay.
optim_wrapper = dict(optimizer=dict(type='SGD', lr=30.0, momentum=0.9, weight_decay=0.0))
param_scheduler = dict(type='MultiStepLR', by_epoch=True, milestones=[60, 80], gamma=0.1)
epochs = 100
train_cfg = dict(type='cft.ResumableEpochLoop', max_epochs=epochs)
auto_scale_lr = dict(base_batch_size=256, enable=False)
