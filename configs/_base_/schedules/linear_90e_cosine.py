# Linear probe of SCE, section 4.3: 90 epochs of batches of 1024, learning rate 0.1 x 1024 / 256, a cosine,
# no weight decay (released code).
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.4, momentum=0.9, weight_decay=0.0))
param_scheduler = dict(type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True)
epochs = 90
train_cfg = dict(type='cft.ResumableEpochLoop', max_epochs=epochs)
auto_scale_lr = dict(base_batch_size=1024, enable=False)
