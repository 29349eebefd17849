# r50_coco_det.py for twice as long, as in MoCo's and SCE's tables of transfer (SCE, table 11).
_base_ = [
    '../_base_/models/r50_mask_rcnn_c4.py',
    '../_base_/datasets/coco_det.py',
    '../_base_/schedules/sgd_180k_det.py',
    '../_base_/default_runtime_det.py',
]
