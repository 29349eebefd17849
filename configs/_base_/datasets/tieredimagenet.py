# tieredImageNet (Ren et al., ICLR 2018): the training images of 351 classes of ImageNet for training, 97 for validation
# and 160 for the test, whole branches of WordNet apart. Lists: cft/datasets/tieredimagenet.txt. Laid out by
# tools/datasets/prepare.py imagenet.
_base_ = 'cifar_fs.py'

data_root = 'data/imagenet'
train_pipeline = [dict(type='cft.LoadImage'), *_base_.train_pipeline]
two_view_pipeline = [dict(type='cft.LoadImage'), *_base_.two_view_pipeline]
test_pipeline = [dict(type='cft.LoadImage'), *_base_.test_pipeline]
# The usual 84 pixels of networks for small images.
small_crops = [
    dict(type='RandomResizedCrop', scale=84, backend='pillow', interpolation='bicubic'),
    *_base_.crops[1:],
]
small_pipeline = [dict(type='cft.LoadImage'), *small_crops, dict(type='PackInputs')]
two_small_views_pipeline = [
    dict(type='cft.LoadImage'),
    dict(type='MultiView', num_views=2, transforms=[small_crops]),
    dict(type='PackInputs'),
]
small_test_pipeline = [
    dict(type='cft.LoadImage'),
    dict(type='ResizeEdge', scale=92, edge='short', backend='pillow', interpolation='bicubic'),
    dict(type='CenterCrop', crop_size=84),
    dict(type='PackInputs'),
]
images = dict(_delete_=True, type='cft.ImageNetSubset', data_root=data_root, split='train')
train_dataloader = dict(
    dataset=dict(**images, classes_file='tieredimagenet/train', pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(**images, classes_file='tieredimagenet/val', pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(**images, classes_file='tieredimagenet/test', pipeline=test_pipeline))
