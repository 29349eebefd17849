# Oxford-IIIT Pets (Parkhi et al. 2012): 37 classes, 3,680 training images (its trainval) and 3,669 test images. The
# 3,369 of Core-tuning's table 1 are read as a misprint.
_base_ = 'prepared.py'

data_root = 'data/pets/labels.csv'
batch_size = 64  # Core-tuning, table 2 of the appendix
train_dataloader = dict(batch_size=batch_size, dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
