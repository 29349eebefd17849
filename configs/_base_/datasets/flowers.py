# Oxford 102 Flowers (Nilsback and Zisserman 2008) as divided on Kaggle, which Core-tuning and COIN take: 102 classes,
# 6,552 training and 818 test images (its valid). The official division: flowers102.py
_base_ = 'prepared.py'

data_root = 'data/flowers/labels.csv'
batch_size = 64  # Core-tuning, table 2 of the appendix
train_dataloader = dict(batch_size=batch_size, dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
