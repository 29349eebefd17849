# iNaturalist 2017 (Van Horn et al. 2018): 5,089 classes, 579,184 training and 95,986 test images (its val). SCHaNe
# counts 5,087 classes.
_base_ = 'prepared.py'

data_root = 'data/inat17/labels.csv'
batch_size = 32  # of each of 8 GPUs, 256 in all
train_dataloader = dict(batch_size=batch_size, dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
