# MAE's fine-tuning of ViT-B (its released command), which COIN follows for the MAE row of table 6: AdamW, learning
# rate 5e-4 x 1024 / 256, times 0.65 for each layer below the head, 5 epochs of warm-up, cosine to 1e-6 (a ratio
# here, since the minimum is smaller for the lower layers, too).
# Its Mixup, CutMix and label smoothing are left out: soft labels have no positive pairs.
optim_wrapper = dict(
    optimizer=dict(type='AdamW', lr=2e-3, betas=(0.9, 0.999), weight_decay=0.05),
    constructor='LearningRateDecayOptimWrapperConstructor',
    # All of one dimension: biases, norms, layer scales.
    paramwise_cfg=dict(
        layer_decay_rate=0.65,
        norm_decay_mult=0.,
        bias_decay_mult=0.,
        flat_decay_mult=0.,
        custom_keys={
            '.cls_token': dict(decay_mult=0.),
            '.pos_embed': dict(decay_mult=0.),
        }))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-4, by_epoch=True, begin=0, end=5, convert_to_iter_based=True),
    dict(
        type='CosineAnnealingLR', by_epoch=True, begin=5, eta_min_ratio=5e-4, convert_to_iter_based=True),
]
epochs = 100
train_cfg = dict(type='cft.ResumableEpochLoop', max_epochs=epochs, val_interval=1)
# Few have the 1024 images per step that the learning rate is meant for, and a smaller batch diverges with it.
auto_scale_lr = dict(base_batch_size=1024, enable=True)
# Between crop and PackInputs; colours as OpenCV reads them, blue first.
mae_augmentation = [
    dict(
        type='RandAugment',
        policies='timm_increasing',
        num_policies=2,
        total_level=10,
        magnitude_level=9,
        magnitude_std=0.5,
        hparams=dict(pad_val=[104, 116, 124], interpolation='bicubic')),
    dict(
        type='RandomErasing',
        erase_prob=0.25,
        mode='rand',
        min_area_ratio=0.02,
        max_area_ratio=1 / 3,
        fill_color=[103.53, 116.28, 123.675],
        fill_std=[57.375, 57.12, 58.395]),
]
