# ImageNet-1k (Russakovsky et al. 2015): 1,000 classes, 1,281,167 training and 50,000 validation images, which are
# those that papers report on.
_base_ = 'prepared.py'

data_root = 'data/imagenet'
batch_size = 32  # of each of 8 GPUs, 256 in all
train_dataloader = dict(
    batch_size=batch_size,
    dataset=dict(
        _delete_=True, type='ImageNet', data_root=data_root, split='train', pipeline=_base_.train_pipeline))
test_dataloader = dict(
    dataset=dict(
        _delete_=True, type='ImageNet', data_root=data_root, split='val', pipeline=_base_.test_pipeline))
