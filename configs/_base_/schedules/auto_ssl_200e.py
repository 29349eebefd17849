# Two recipes for images of your own; that of the chosen network goes to the top, below what is said there.
# One epoch of warm-up, which runs of any length have.
recipes = dict(
    # Networks with BatchNorm, as in ssl_medium_200e.py: ReSSL's for medium-sized images.
    resnet=dict(
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.06, momentum=0.9, weight_decay=5e-4)),
        param_scheduler=[
            dict(type='LinearLR', start_factor=1e-3, by_epoch=True, begin=0, end=1, convert_to_iter_based=True),
            dict(type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True),
        ],
        auto_scale_lr=dict(base_batch_size=256, enable=True)),
    # All others, as in ssl_vit_300e.py: MoCo-v3's AdamW, learning rate 1.5e-4 for batches of 256.
    transformer=dict(
        optim_wrapper=dict(
            optimizer=dict(type='AdamW', lr=1.5e-4, weight_decay=0.1), constructor='cft.BiasAndNormExclusion'),
        param_scheduler=[
            dict(type='LinearLR', start_factor=1e-3, by_epoch=True, begin=0, end=1, convert_to_iter_based=True),
            dict(type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True),
        ],
        auto_scale_lr=dict(base_batch_size=256, enable=True)))
optim_wrapper = dict()
epochs = 200
train_cfg = dict(type='cft.ResumableEpochLoop', max_epochs=epochs)
custom_hooks = [dict(type='cft.MomentumUpdateHook', momentum=0.996, schedule='constant')]
