# Caltech-256 (Griffin et al. 2007): 257 classes with the clutter, 60 training images of each, 15,420 in all, and 15,187
# test images.
_base_ = 'prepared.py'

data_root = 'data/caltech256/labels.csv'
train_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
