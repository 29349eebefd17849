# SCHaNe's full-data fine-tuning: 50 epochs (100 for few-shot), batches of 1024, learning rate 1e-4, weight decay 0.05.
# The paper says Adam; such a weight decay is AdamW's, with which BEiT-3 is fine-tuned. Warm-up and cosine are not
# given either and are BEiT-3's; as there, biases and norms are not decayed.
optim_wrapper = dict(
    optimizer=dict(type='AdamW', lr=1e-4, weight_decay=0.05), constructor='cft.BiasAndNormExclusion')
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=True, begin=0, end=5, convert_to_iter_based=True),
    dict(
        type='CosineAnnealingLR', by_epoch=True, begin=5, eta_min_ratio=0.01, convert_to_iter_based=True),
]
epochs = 50
train_cfg = dict(type='cft.ResumableEpochLoop', max_epochs=epochs, val_interval=1)
auto_scale_lr = dict(base_batch_size=1024, enable=True)
