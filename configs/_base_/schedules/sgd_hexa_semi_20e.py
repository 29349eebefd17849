# HEXA, appendix B, semi-supervised learning: SGD, 20 epochs of batches of 256, weight decay 5e-4, a fifth of the rate
# after 12 and 16 epochs; learning rate 0.01 of the backbone, and of the classifier 10 times that (10 % of the labels).
optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=5e-4),
    paramwise_cfg=dict(custom_keys={'head': dict(lr_mult=10.0)}))
param_scheduler = dict(type='MultiStepLR', by_epoch=True, milestones=[12, 16], gamma=0.2)
epochs = 20
train_cfg = dict(type='cft.ResumableEpochLoop', max_epochs=epochs)
auto_scale_lr = dict(base_batch_size=256, enable=False)
