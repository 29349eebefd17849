# HEXA, appendix C, fine-tuning on CIFAR: Adamax, 20 epochs of batches of 256, a tenth of the rate after 7 and 14 epochs.
# The rate is chosen from 5e-4, 1e-3 and 1e-2, and the paper does not tell which it was; the middle one stands here.
optim_wrapper = dict(optimizer=dict(type='Adamax', lr=1e-3))
param_scheduler = dict(type='MultiStepLR', by_epoch=True, milestones=[7, 14], gamma=0.1)
epochs = 20
train_cfg = dict(type='cft.ResumableEpochLoop', max_epochs=epochs)
auto_scale_lr = dict(base_batch_size=256, enable=False)
