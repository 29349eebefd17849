# COCO's published figures are those of val2017, so it chooses nothing here: the last checkpoint is tested.
_base_ = [
    '../_base_/models/r50_mask_rcnn_c4.py',
    '../_base_/datasets/coco_det.py',
    '../_base_/schedules/sgd_90k_det.py',
    '../_base_/default_runtime_det.py',
]
