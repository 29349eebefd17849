# DeepLab-V3 from scratch on drawn shapes.
_base_ = [
    '../_base_/models/deeplabv3_shapes.py',
    '../_base_/datasets/shapes_seg.py',
    '../_base_/default_runtime_seg.py',
]

optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.05, momentum=0.9, weight_decay=5e-4))
param_scheduler = dict(type='PolyLR', power=0.9, eta_min=0, by_epoch=False)
train_cfg = dict(type='cft.ResumableIterLoop', max_iters=1000, val_interval=250)
default_hooks = dict(
    logger=dict(interval=20), checkpoint=dict(interval=250, save_best='mIoU', rule='greater'))
