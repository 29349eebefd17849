# VOC 2012 with the extra masks of SBD: tools/datasets/prepare_voc.py makes SegmentationClassAug and trainaug.txt.
data_root = 'data/VOCdevkit/VOC2012'
# Of the training crops.
image_size = 512
# The values of black and of white in images of more than 8 bits, such as (0, 4095); 'dataset' measures them.
value_range = None

train_pipeline = [
    dict(type='cft.LoadImage'),
    dict(type='cft.LoadSegmentation', num_classes=21),
    dict(type='RandomResize', scale=(2048, 512), ratio_range=(0.5, 2.0), keep_ratio=True),
    dict(type='RandomCrop', crop_size=(image_size, image_size), cat_max_ratio=0.75),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackSegInputs'),
]
test_pipeline = [
    dict(type='cft.LoadImage'),
    dict(type='Resize', scale=(2048, 512), keep_ratio=True),
    dict(type='cft.LoadSegmentation', num_classes=21),
    dict(type='PackSegInputs'),
]

batch_size = 2  # of each of 8 GPUs, 16 in all
train_dataloader = dict(
    batch_size=batch_size,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='cft.VOCSegmentation',
        data_root=data_root,
        ann_file='ImageSets/Segmentation/trainaug.txt',
        data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClassAug'),
        pipeline=train_pipeline))
test_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='cft.VOCSegmentation',
        data_root=data_root,
        ann_file='ImageSets/Segmentation/val.txt',
        data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClass'),
        pipeline=test_pipeline))
test_evaluator = dict(type='cft.FWIoUMetric', iou_metrics=['mIoU'])
test_cfg = dict()
