# 100 epochs of batches of 8 images, with DeepLab-V3's polynomial decay of power 0.9 and its learning rate of 0.007 for
# 16 images, halved for 8.
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=0.0035, momentum=0.9, weight_decay=1e-4))
param_scheduler = dict(type='PolyLR', power=0.9, eta_min=1e-5, by_epoch=True, convert_to_iter_based=True)
epochs = 100
train_cfg = dict(type='cft.ResumableEpochLoop', max_epochs=epochs, val_interval=1)
auto_scale_lr = dict(enable=False, base_batch_size=8)
