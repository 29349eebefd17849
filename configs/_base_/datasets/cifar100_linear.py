_base_ = 'cifar10_linear.py'

data_root = 'data/cifar100'
train_dataloader = dict(dataset=dict(type='cft.CIFAR100', data_root=data_root))
test_dataloader = dict(dataset=dict(type='cft.CIFAR100', data_root=data_root))
