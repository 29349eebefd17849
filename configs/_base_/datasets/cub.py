# CUB-200-2011 (Wah et al. 2011): 200 classes, 5,994 training and 5,794 test images.
_base_ = 'prepared.py'

data_root = 'data/cub/labels.csv'
train_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
