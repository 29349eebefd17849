# Faster R-CNN with FPN on own images; from the second stage on the backbone is trained.
_base_ = [
    '../_base_/models/r50_faster_rcnn_fpn.py',
    '../_base_/datasets/folder_det.py',
    '../_base_/schedules/sgd_50e_det.py',
    '../_base_/default_runtime_det.py',
]

# 'imagenet' for the usual checkpoints; 'dataset' measures the training images.
normalization = 'imagenet'
model = dict(
    backbone=dict(frozen_stages=1, norm_cfg=dict(type='BN', requires_grad=True), norm_eval=True),
    # As many classes as the data have.
    roi_head=dict(bbox_head=dict(num_classes=None)))
default_hooks = dict(
    logger=dict(log_metric_by_epoch=True),
    checkpoint=dict(by_epoch=True, interval=1, save_best='coco/bbox_mAP', rule='greater'))
log_processor = dict(by_epoch=True)
