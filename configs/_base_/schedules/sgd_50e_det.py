# For own data of some hundred to some thousand images: batches of 4, a cosine to zero over all epochs. The learning
# rate is Detectron's 0.02 for 16 images, scaled.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.005, momentum=0.9, weight_decay=1e-4),
    clip_grad=dict(max_norm=35))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, begin=0, end=100, by_epoch=False),
    dict(type='CosineAnnealingLR', eta_min=0, by_epoch=True, convert_to_iter_based=True),
]
epochs = 50
train_cfg = dict(type='cft.ResumableEpochLoop', max_epochs=epochs, val_interval=1)
auto_scale_lr = dict(enable=False, base_batch_size=4)
