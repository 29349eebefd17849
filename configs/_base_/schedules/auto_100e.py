# Two recipes; that of the chosen network goes to the top, below what is said there, and stands alone in the config of
# the run.
recipes = dict(
    # Networks with BatchNorm, as in sgd_100e.py: Core-tuning's Nesterov SGD and one cosine.
    resnet=dict(
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=1e-4, nesterov=True)),
        param_scheduler=dict(type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True),
        auto_scale_lr=dict(base_batch_size=256, enable=False)),
    # All others, ConvNeXts among them, as in adamw_vit_100e.py: MAE's AdamW, times 0.65 for each layer below the head.
    # One epoch of warm-up instead of five, which runs of any length have.
    transformer=dict(
        optim_wrapper=dict(
            optimizer=dict(type='AdamW', lr=2e-3, betas=(0.9, 0.999), weight_decay=0.05),
            constructor='cft.LayerWiseLearningRateDecay',
            paramwise_cfg=dict(layer_decay_rate=0.65)),
        param_scheduler=[
            dict(type='LinearLR', start_factor=1e-3, by_epoch=True, begin=0, end=1, convert_to_iter_based=True),
            dict(type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True),
        ],
        # A smaller batch diverges with the learning rate for 1024 images.
        auto_scale_lr=dict(base_batch_size=1024, enable=True)))
optim_wrapper = dict()
epochs = 100
train_cfg = dict(type='cft.ResumableEpochLoop', max_epochs=epochs, val_interval=1)
