# Two crops in batches of 256 (HEXA, section 4). HEXA refers to DeepCluster-v2 for the schedule, which was released
# for batches of 4096 only; these are the figures of the same authors' SwAV for 200 epochs of batches of 256:
# learning rate 0.6, cosine to a thousandth of it, no warm-up.
# Their LARC adapts and decays biases and norms too, so nothing is excluded here.
optim_wrapper = dict(optimizer=dict(type='cft.LARS', lr=0.6, momentum=0.9, weight_decay=1e-6, eta=0.001))
param_scheduler = dict(
    type='CosineAnnealingLR', by_epoch=True, eta_min_ratio=1e-3, convert_to_iter_based=True)
epochs = 200
train_cfg = dict(type='cft.ResumableEpochLoop', max_epochs=epochs)
auto_scale_lr = dict(base_batch_size=256, enable=False)
