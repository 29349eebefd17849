_base_ = 'imagenet_linear.py'

subset = dict(type='cft.ImageNetSubset', classes_file='imagenet100')
train_dataloader = dict(dataset=subset)
test_dataloader = dict(dataset=subset)
val_dataloader = dict(dataset=subset)
