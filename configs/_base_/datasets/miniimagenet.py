# miniImageNet as Ravi and Larochelle (ICLR 2017) divide it: 600 training images of each of 64, 16 and 20 classes of
# ImageNet. Lists of classes: cft/datasets/miniimagenet.txt; their train.csv, val.csv and test.csv
# (data/miniImagenet in https://github.com/twitter-research/meta-learning-lstm) name the images. ImageNet is laid out by
# tools/datasets/prepare.py imagenet.
_base_ = 'tieredimagenet.py'

train_dataloader = dict(
    dataset=dict(classes_file='miniimagenet/train', images_file='data/miniimagenet/train.csv'))
val_dataloader = dict(
    dataset=dict(classes_file='miniimagenet/val', images_file='data/miniimagenet/val.csv'))
test_dataloader = dict(
    dataset=dict(classes_file='miniimagenet/test', images_file='data/miniimagenet/test.csv'))
