# Places365-Standard (Zhou et al. 2018): 365 classes, 1,803,460 training and 36,500 test images (its val).
_base_ = 'prepared.py'

data_root = 'data/places365/labels.csv'
batch_size = 32  # of each of 8 GPUs, 256 in all
train_dataloader = dict(batch_size=batch_size, dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
