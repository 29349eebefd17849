# For own data of some hundred to some thousand images. Two recipes; that of the chosen network goes to the top, below
# what is said there, and stands alone in the config of the run.
recipes = dict(
    # Networks with BatchNorm, as in sgd_50e_det.py.
    resnet=dict(
        optim_wrapper=dict(
            optimizer=dict(type='SGD', lr=0.005, momentum=0.9, weight_decay=1e-4), clip_grad=dict(max_norm=35)),
        param_scheduler=[
            dict(type='LinearLR', start_factor=0.001, begin=0, end=100, by_epoch=False),
            dict(type='CosineAnnealingLR', eta_min=0, by_epoch=True, convert_to_iter_based=True),
        ],
        auto_scale_lr=dict(base_batch_size=4, enable=False)),
    # All others, as Swin and ViTDet train detectors: AdamW, learning rate 1e-4 for batches of 16, less for lower layers.
    transformer=dict(
        optim_wrapper=dict(
            optimizer=dict(type='AdamW', lr=1e-4, betas=(0.9, 0.999), weight_decay=0.05),
            constructor='cft.LayerWiseLearningRateDecay',
            paramwise_cfg=dict(layer_decay_rate=0.8),
            clip_grad=dict(max_norm=35)),
        param_scheduler=[
            dict(type='LinearLR', start_factor=0.001, begin=0, end=100, by_epoch=False),
            dict(type='CosineAnnealingLR', eta_min=0, by_epoch=True, convert_to_iter_based=True),
        ],
        auto_scale_lr=dict(base_batch_size=16, enable=True)))
optim_wrapper = dict()
epochs = 50
train_cfg = dict(type='cft.ResumableEpochLoop', max_epochs=epochs, val_interval=1)
