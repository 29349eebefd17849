# Oxford 102 Flowers (Nilsback and Zisserman 2008): 102 classes, 2,040 training images (its train and val) and 6,149
# test images.
_base_ = 'prepared.py'

data_root = 'data/flowers102/labels.csv'
train_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
