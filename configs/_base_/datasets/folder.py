# A folder with one sub-folder per class, or with train/ (and val/, test/) that hold them; or a table path,label with
# columns split and group if you have them, in a .csv or .tsv file.
# On the command line: --cfg-options data_root=FOLDER
data_root = 'data/images'
# 'folder': what is in sub-folders of a class, such as the images of a patient, is not divided between training and
# validation. Of a table: the column of such groups, found by itself if it is called group, patient, subject or video.
group_by = None
# Part of the training images that is held out for the test where the data have no test split; 0: none.
test_fraction = 0.
image_size = 224
# The values of black and of white in images of more than 8 bits, such as (0, 4095); 'dataset' measures them.
value_range = None

train_pipeline = [
    dict(type='cft.LoadImage'),
    dict(type='RandomResizedCrop', scale=image_size, backend='pillow', interpolation='bicubic'),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs'),
]
two_view_pipeline = [
    train_pipeline[0],
    dict(type='MultiView', num_views=2, transforms=[train_pipeline[1:-1]]),
    dict(type='PackInputs'),
]
test_pipeline = [
    dict(type='cft.LoadImage'),
    dict(
        type='ResizeEdge',
        scale=round(image_size * 256 / 224),
        edge='short',
        backend='pillow',
        interpolation='bicubic'),
    dict(type='CenterCrop', crop_size=image_size),
    dict(type='PackInputs'),
]

batch_size = 64
train_dataloader = dict(
    batch_size=batch_size,
    num_workers=4,
    persistent_workers=True,
    pin_memory=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='cft.ImageFolder',
        data_root=data_root,
        split='train',
        group_by=group_by,
        test_fraction=test_fraction,
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    pin_memory=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='cft.ImageFolder',
        data_root=data_root,
        split='val',
        group_by=group_by,
        test_fraction=test_fraction,
        pipeline=test_pipeline))
test_dataloader = dict(val_dataloader, dataset=dict(val_dataloader['dataset'], split='test'))
val_evaluator = dict(type='Accuracy', topk=(1, ))
test_evaluator = dict(type='Accuracy', topk=(1, ))
val_cfg = dict()
test_cfg = dict()
