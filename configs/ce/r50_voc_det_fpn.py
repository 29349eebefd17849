# HEXA, appendix B. Test data chooses nothing: the last checkpoint is tested.
_base_ = [
    '../_base_/models/r50_faster_rcnn_fpn.py',
    '../_base_/datasets/voc0712_det.py',
    '../_base_/schedules/sgd_15e_det.py',
    '../_base_/default_runtime_det.py',
]

batch_size = 1  # of each of 8 GPUs, 8 in all
train_dataloader = dict(
    batch_size=batch_size,
    sampler=dict(_delete_=True, type='DefaultSampler', shuffle=True))
default_hooks = dict(checkpoint=dict(by_epoch=True, interval=1), logger=dict(log_metric_by_epoch=True))
log_processor = dict(by_epoch=True)
