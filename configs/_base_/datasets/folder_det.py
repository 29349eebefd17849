# Images with boxes: COCO JSON (train.json, annotations/*.json), VOC XML (Annotations/ and JPEGImages/) or YOLO text
# (data.yaml, images/ and labels/), found by looking; with or without splits.
# On the command line: --cfg-options data_root=FOLDER
data_root = 'data/objects'
# 'coco', 'voc' or 'yolo', for a folder that has labels of several kinds.
label_format = None
# 'stored' or 'shown': the pixels that the labels of images turned by EXIF belong to, where nothing tells it.
label_frame = None
# Part of the training images that is held out for the test where the data have no test split; 0: none.
test_fraction = 0.
# The longer side of an image, in pixels.
image_size = 1024
# The values of black and of white in images of more than 8 bits, such as (0, 4095); 'dataset' measures them.
value_range = None

train_pipeline = [
    dict(type='cft.LoadImage'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='RandomResize', scale=(image_size, image_size), ratio_range=(0.6, 1.0), keep_ratio=True),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs'),
]
test_pipeline = [
    dict(type='cft.LoadImage'),
    dict(type='Resize', scale=(image_size, image_size), keep_ratio=True),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'instances')),
]

batch_size = 4
train_dataloader = dict(
    batch_size=batch_size,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    batch_sampler=dict(type='AspectRatioBatchSampler'),
    dataset=dict(
        type='cft.FolderDetection',
        data_root=data_root,
        split='train',
        label_format=label_format,
        label_frame=label_frame,
        test_fraction=test_fraction,
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='cft.FolderDetection',
        data_root=data_root,
        split='val',
        label_format=label_format,
        label_frame=label_frame,
        test_fraction=test_fraction,
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = dict(val_dataloader, dataset=dict(val_dataloader['dataset'], split='test'))
val_evaluator = dict(type='cft.CocoMetric', metric='bbox')
test_evaluator = dict(type='cft.CocoMetric', metric='bbox')
val_cfg = dict()
test_cfg = dict()
