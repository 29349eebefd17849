# FGVC Aircraft (Maji et al. 2013), variants: 100 classes, 6,667 training images (its trainval) and 3,333 test images.
_base_ = 'prepared.py'

data_root = 'data/aircraft/labels.csv'
batch_size = 64  # Core-tuning, table 2 of the appendix
train_dataloader = dict(batch_size=batch_size, dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
