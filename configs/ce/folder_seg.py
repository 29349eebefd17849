# Your own images and masks with any network: cft train ce/folder_seg data_root=FOLDER checkpoint=FILE
_base_ = [
    '../_base_/models/auto_deeplabv3.py',
    '../_base_/datasets/folder_seg.py',
    '../_base_/schedules/auto_100e_seg.py',
    '../_base_/default_runtime_seg_epochs.py',
]

# 'backbone': as the network was pre-trained; 'imagenet'; 'dataset' measures the training images.
normalization = 'backbone'
# As many classes as the masks have.
model = dict(decode_head=dict(num_classes=None), auxiliary_head=dict(num_classes=None))
