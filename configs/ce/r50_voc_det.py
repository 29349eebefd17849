# Test data chooses nothing: the last checkpoint is tested.
_base_ = [
    '../_base_/models/r50_faster_rcnn_c4.py',
    '../_base_/datasets/voc0712_det.py',
    '../_base_/schedules/sgd_24k_det.py',
    '../_base_/default_runtime_det.py',
]
