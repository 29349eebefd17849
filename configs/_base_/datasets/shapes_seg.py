# Drawn by the first run: 300 training, 60 validation and 60 test images of 128 x 128 pixels.
data_root = 'data/shapes'
drawn_data = dict(type='shapes')
# The values of black and of white in images of more than 8 bits, such as (0, 4095); 'dataset' measures them.
value_range = None
metainfo = dict(
    classes=('background', 'circle', 'square', 'triangle', 'star'),
    palette=[[0, 0, 0], [220, 50, 47], [38, 139, 210], [133, 153, 0], [181, 137, 0]])

train_pipeline = [
    dict(type='cft.LoadImage'),
    dict(type='cft.LoadSegmentation', num_classes=5),
    dict(type='RandomResize', scale=(128, 128), ratio_range=(0.8, 1.25), keep_ratio=True),
    dict(type='RandomCrop', crop_size=(112, 112)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackSegInputs'),
]
test_pipeline = [
    dict(type='cft.LoadImage'),
    dict(type='cft.LoadSegmentation', num_classes=5),
    dict(type='PackSegInputs'),
]

dataset = dict(
    type='cft.VOCSegmentation',
    data_root=data_root,
    metainfo=metainfo,
    data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClass'))
batch_size = 8
train_dataloader = dict(
    batch_size=batch_size,
    num_workers=0,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(dataset, ann_file='ImageSets/Segmentation/train.txt', pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=10,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(dataset, ann_file='ImageSets/Segmentation/val.txt', pipeline=test_pipeline))
test_dataloader = dict(
    val_dataloader, dataset=dict(val_dataloader['dataset'], ann_file='ImageSets/Segmentation/test.txt'))
val_evaluator = dict(type='cft.FWIoUMetric', iou_metrics=['mIoU'])
test_evaluator = dict(type='cft.FWIoUMetric', iou_metrics=['mIoU'])
val_cfg = dict()
test_cfg = dict()
