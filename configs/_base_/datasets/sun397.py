# SUN397 (Xiao et al. 2010), first of its ten partitions: 397 classes, 19,850 training and 19,850 test images.
_base_ = 'prepared.py'

data_root = 'data/sun397/labels.csv'
train_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
