# Detectron2's 2x schedule: 180,000 steps of 16 images, learning rate 0.02, a tenth of it after 120,000 and 160,000.
_base_ = 'sgd_90k_det.py'

param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, begin=0, end=100, by_epoch=False),
    dict(type='MultiStepLR', milestones=[120000, 160000], gamma=0.1, by_epoch=False),
]
train_cfg = dict(max_iters=180000)
