# Two recipes for 100 epochs of batches of 8 images; that of the chosen network goes to the top, below what is said
# there, and stands alone in the config of the run. Both decay by a polynomial, which runs of any length have.
recipes = dict(
    # Networks with BatchNorm: DeepLab-V3's learning rate of 0.007 for 16 images, halved for 8.
    resnet=dict(
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.0035, momentum=0.9, weight_decay=1e-4)),
        param_scheduler=dict(type='PolyLR', power=0.9, eta_min=1e-5, by_epoch=True, convert_to_iter_based=True),
        auto_scale_lr=dict(base_batch_size=8, enable=False)),
    # All others: AdamW as Swin and BEiT are trained for segmentation, times 0.75 for each layer below the heads.
    transformer=dict(
        optim_wrapper=dict(
            optimizer=dict(type='AdamW', lr=1e-4, betas=(0.9, 0.999), weight_decay=0.05),
            constructor='cft.LayerWiseLearningRateDecay',
            paramwise_cfg=dict(layer_decay_rate=0.75)),
        param_scheduler=dict(type='PolyLR', power=1.0, by_epoch=True, convert_to_iter_based=True),
        auto_scale_lr=dict(base_batch_size=8, enable=False)))
optim_wrapper = dict()
epochs = 100
train_cfg = dict(type='cft.ResumableEpochLoop', max_epochs=epochs, val_interval=1)
