# Images and masks of the same names in images/ and masks/ below data_root, or in folders of other usual names, with or
# without train, val and test folders or lists. On the command line: --cfg-options data_root=FOLDER
data_root = 'data/images'
# Part of the training images that is held out for the test where the data have no test split; 0: none.
test_fraction = 0.
# The square that images are scaled to fit in, and the side of the training crops; smaller crops are padded.
image_size = 512
# Names of the classes in the order of their labels, or a file with one a line; None: classes.txt below data_root, or
# else the labels that the masks hold.
classes = None
# Names of the folders of images and masks; None: found by their usual names.
image_folder = None
mask_folder = None
# The value of the object in masks of two values; None: values are labels, but 255 beside 0 alone is the object.
foreground = None
# True: pixels of label 0 belong to no class.
reduce_zero_label = False
# The values of black and of white in images of more than 8 bits, such as (0, 4095); 'dataset' measures them.
value_range = None

train_pipeline = [
    dict(type='cft.LoadImage'),
    dict(type='cft.LoadSegmentation', num_classes=None),
    dict(type='RandomResize', scale=(image_size, image_size), ratio_range=(0.5, 2.0), keep_ratio=True),
    dict(type='RandomCrop', crop_size=(image_size, image_size), cat_max_ratio=0.75),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackSegInputs'),
]
test_pipeline = [
    dict(type='cft.LoadImage'),
    dict(type='Resize', scale=(image_size, image_size), keep_ratio=True),
    dict(type='cft.LoadSegmentation', num_classes=None),
    dict(type='PackSegInputs'),
]

dataset = dict(
    type='cft.SegmentationFolder',
    data_root=data_root,
    test_fraction=test_fraction,
    image_folder=image_folder,
    mask_folder=mask_folder,
    foreground=foreground,
    reduce_zero_label=reduce_zero_label)
batch_size = 8
train_dataloader = dict(
    batch_size=batch_size,
    num_workers=4,
    persistent_workers=True,
    # The image-level branch of DeepLab normalises over the batch, which must not be a single image.
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(dataset, split='train', pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(dataset, split='val', pipeline=test_pipeline))
test_dataloader = dict(val_dataloader, dataset=dict(val_dataloader['dataset'], split='test'))
val_evaluator = dict(type='cft.FWIoUMetric', iou_metrics=['mIoU'])
test_evaluator = dict(type='cft.FWIoUMetric', iou_metrics=['mIoU'])
val_cfg = dict()
test_cfg = dict()
