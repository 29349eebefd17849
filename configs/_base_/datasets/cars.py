# Stanford Cars (Krause et al. 2013): 196 classes, 8,144 training and 8,041 test images.
_base_ = 'prepared.py'

data_root = 'data/cars/labels.csv'
batch_size = 64  # Core-tuning, table 2 of the appendix
train_dataloader = dict(batch_size=batch_size, dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
