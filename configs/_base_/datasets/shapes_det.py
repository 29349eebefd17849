# Drawn by the first run: 300 training, 60 validation and 60 test images of 128 x 128 pixels.
data_root = 'data/shapes'
drawn_data = dict(type='shapes')
# The values of black and of white in images of more than 8 bits, such as (0, 4095); 'dataset' measures them.
value_range = None
metainfo = dict(
    classes=('circle', 'square', 'triangle', 'star'),
    palette=[(220, 50, 47), (38, 139, 210), (133, 153, 0), (181, 137, 0)])

train_pipeline = [
    dict(type='cft.LoadImage'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs'),
]
test_pipeline = [
    dict(type='cft.LoadImage'),
    # The identity; inference on other pictures needs a resize in the pipeline.
    dict(type='Resize', scale=(128, 128), keep_ratio=True),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'instances')),
]

dataset = dict(type='cft.VOCDetection', data_root=data_root, metainfo=metainfo, data_prefix=dict(sub_data_root=''))
batch_size = 8
train_dataloader = dict(
    batch_size=batch_size,
    num_workers=0,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(dataset, ann_file='ImageSets/Main/train.txt', pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=10,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(dataset, ann_file='ImageSets/Main/val.txt', test_mode=True, pipeline=test_pipeline))
test_dataloader = dict(
    val_dataloader, dataset=dict(val_dataloader['dataset'], ann_file='ImageSets/Main/test.txt'))
val_evaluator = dict(type='CocoMetric', metric='bbox')
test_evaluator = dict(type='CocoMetric', metric='bbox')
val_cfg = dict()
test_cfg = dict()
