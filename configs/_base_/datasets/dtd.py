# Describable Textures (Cimpoi et al. 2014), first split: 47 classes, 3,760 training images (its train and val) and
# 1,880 test images.
_base_ = 'prepared.py'

data_root = 'data/dtd/labels.csv'
train_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
