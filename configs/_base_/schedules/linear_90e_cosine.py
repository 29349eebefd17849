# Linear probe of SCE, section 4.3: 90 epochs of batches of 1024, learning rate 0.1 x 1024 / 256, a cosine,
# no weight decay (released code).
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.4, momentum=0.9, weight_decay=0.0))
param_scheduler = dict(type='CosineAnnealingLR', by_epoch=True, begin=0, end=90, convert_to_iter_based=True)
train_cfg = dict(by_epoch=True, max_epochs=90)
auto_scale_lr = dict(base_batch_size=1024, enable=False)
