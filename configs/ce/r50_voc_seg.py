# VOC's published figures are those of its val split, so it chooses nothing here: the last checkpoint is tested.
_base_ = [
    '../_base_/models/r50_deeplabv3.py',
    '../_base_/datasets/voc12aug_seg.py',
    '../_base_/schedules/sgd_30k_seg.py',
    '../_base_/default_runtime_seg.py',
]
