_base_ = 'cifar10_ssl.py'

data_root = 'data/cifar100'
train_dataloader = dict(dataset=dict(type='cft.CIFAR100', data_root=data_root))
