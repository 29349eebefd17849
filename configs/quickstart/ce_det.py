# Faster R-CNN from scratch on drawn shapes.
_base_ = [
    '../_base_/models/faster_rcnn_shapes.py',
    '../_base_/datasets/shapes_det.py',
    '../_base_/default_runtime_det.py',
]

optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='AdamW', lr=0.002, weight_decay=0.01), clip_grad=dict(max_norm=10))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, begin=0, end=50, by_epoch=False),
    dict(type='CosineAnnealingLR', eta_min=0, begin=50, by_epoch=False),
]
train_cfg = dict(type='cft.ResumableIterLoop', max_iters=400, val_interval=100)
default_hooks = dict(
    logger=dict(interval=20),
    checkpoint=dict(interval=100, save_best='coco/bbox_mAP_50', rule='greater'))
