# A data set that tools/datasets/prepare.py has laid out: data_root is its table path,label,split.
# All training images are trained on, as published; nothing is chosen on the test images. How to tune: ../../ce/README.md
data_root = 'data/NAME/labels.csv'
image_size = 224
# The values of black and of white in images of more than 8 bits, such as (0, 4095); 'dataset' measures them.
value_range = None

crops = [
    dict(type='RandomResizedCrop', scale=image_size, backend='pillow', interpolation='bicubic'),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
]
# SCHaNe's, of transformers.
augmented_crops = [*crops, dict(type='AutoAugment', policies='imagenet')]
train_pipeline = [dict(type='cft.LoadImage'), *crops, dict(type='PackInputs')]
two_view_pipeline = [
    train_pipeline[0],
    dict(type='MultiView', num_views=2, transforms=[crops]),
    dict(type='PackInputs'),
]
augmented_pipeline = [train_pipeline[0], *augmented_crops, dict(type='PackInputs')]
two_augmented_views_pipeline = [
    train_pipeline[0],
    dict(type='MultiView', num_views=2, transforms=[augmented_crops]),
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
# Of protocols of self-supervised models (fine-tuning on parts of ImageNet, SVMs on VOC 2007), whose code leaves
# torchvision's default.
bilinear_train_pipeline = [
    train_pipeline[0],
    dict(type='RandomResizedCrop', scale=image_size, backend='pillow', interpolation='bilinear'),
    *train_pipeline[2:],
]
bilinear_test_pipeline = [
    test_pipeline[0],
    dict(
        type='ResizeEdge',
        scale=round(image_size * 256 / 224),
        edge='short',
        backend='pillow',
        interpolation='bilinear'),
    *test_pipeline[2:],
]

batch_size = 256
train_dataloader = dict(
    batch_size=batch_size,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='cft.LabelTable', data_root=data_root, split='train', val_fraction=0., pipeline=train_pipeline))
test_dataloader = dict(
    batch_size=64,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='cft.LabelTable', data_root=data_root, split='test', val_fraction=0., pipeline=test_pipeline))
test_evaluator = dict(type='Accuracy', topk=(1, 5))
test_cfg = dict()
