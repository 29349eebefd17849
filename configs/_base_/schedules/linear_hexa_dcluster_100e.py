# Linear probe of HEXA-DCluster (appendix B): 100 epochs, learning rate 0.3, a cosine "as in" SwAV, whose code has
# batches of 256, one change per epoch and weight decay 1e-6.
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.3, momentum=0.9, weight_decay=1e-6))
param_scheduler = dict(type='CosineAnnealingLR', by_epoch=True)
epochs = 100
train_cfg = dict(type='cft.ResumableEpochLoop', max_epochs=epochs)
auto_scale_lr = dict(base_batch_size=256, enable=False)
