# DeepLab-V3's own: 30,000 steps of 16 images, learning rate 0.007, polynomial decay of power 0.9.
# Core-tuning's appendix does not give the schedule of its segmentation runs.
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=0.007, momentum=0.9, weight_decay=1e-4))
param_scheduler = dict(type='PolyLR', power=0.9, eta_min=1e-5, by_epoch=False)
train_cfg = dict(type='cft.ResumableIterLoop', max_iters=30000)
auto_scale_lr = dict(enable=False, base_batch_size=16)
