# Food-101 (Bossard et al. 2014): 101 classes, 75,750 training and 25,250 test images.
_base_ = 'prepared.py'

data_root = 'data/food101/labels.csv'
train_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
