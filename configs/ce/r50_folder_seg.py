_base_ = [
    '../_base_/models/r50_deeplabv3.py',
    '../_base_/datasets/folder_seg.py',
    '../_base_/schedules/sgd_100e_seg.py',
    '../_base_/default_runtime_seg_epochs.py',
]

# 'imagenet' for the usual checkpoints; 'dataset' measures the training images.
normalization = 'imagenet'
# As many classes as the masks have.
model = dict(decode_head=dict(num_classes=None), auxiliary_head=dict(num_classes=None))
