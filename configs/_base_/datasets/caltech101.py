# Caltech-101 (Fei-Fei et al. 2004): 102 classes with the background, 30 training images of each, 3,060 in all, and
# 6,084 test images.
_base_ = 'prepared.py'

data_root = 'data/caltech101/labels.csv'
train_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
