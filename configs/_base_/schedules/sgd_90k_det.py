# Detectron2's 1x schedule: 90,000 steps of 16 images, learning rate 0.02, a tenth of it after 60,000 and 80,000.
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=0.02, momentum=0.9, weight_decay=1e-4))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, begin=0, end=100, by_epoch=False),
    dict(type='MultiStepLR', milestones=[60000, 80000], gamma=0.1, by_epoch=False),
]
train_cfg = dict(type='cft.ResumableIterLoop', max_iters=90000)
auto_scale_lr = dict(enable=False, base_batch_size=16)
