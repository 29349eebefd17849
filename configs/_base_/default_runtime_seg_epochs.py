# Segmentation with a length in epochs, and validation images that choose the checkpoint.
_base_ = 'default_runtime_seg.py'

default_hooks = dict(
    logger=dict(log_metric_by_epoch=True),
    checkpoint=dict(by_epoch=True, interval=1, save_best='mIoU', rule='greater'))
log_processor = dict(by_epoch=True)
