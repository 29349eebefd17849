# Your own images and boxes with any network: cft train ce/folder_det data_root=FOLDER checkpoint=FILE
_base_ = [
    '../_base_/models/auto_faster_rcnn.py',
    '../_base_/datasets/folder_det.py',
    '../_base_/schedules/auto_50e_det.py',
    '../_base_/default_runtime_det.py',
]

# 'backbone': as the network was pre-trained; 'imagenet'; 'dataset' measures the training images.
normalization = 'backbone'
# As many classes as the data have.
model = dict(roi_head=dict(bbox_head=dict(num_classes=None)))
default_hooks = dict(
    logger=dict(log_metric_by_epoch=True),
    checkpoint=dict(by_epoch=True, interval=1, save_best='coco/bbox_mAP', rule='greater'))
log_processor = dict(by_epoch=True)
