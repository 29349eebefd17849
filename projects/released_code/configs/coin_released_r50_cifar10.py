# COIN as its code trains CIFAR-10: tau 0.3, alpha 0.7, weight 0.1, learning rate 0.01, 100 epochs as in the paper.
_base_ = ['coin_r50_cifar10.py', '_base_/coin_released.py', '_base_/released_protocol.py']

model = dict(data_preprocessor=_base_.released_statistics, head=_base_.released_head)

# The crops of configs/coin, interpolated linearly.
train_pipeline = [
    dict(type='RandomResizedCrop', scale=224, backend='pillow', interpolation='bilinear'),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs'),
]
test_pipeline = [
    dict(type='ResizeEdge', scale=256, edge='short', backend='pillow', interpolation='bilinear'),
    dict(type='CenterCrop', crop_size=224),
    dict(type='PackInputs'),
]
batch_size = _base_.released_batch
train_dataloader = dict(batch_size=batch_size, dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
optim_wrapper = dict(accumulative_counts=_base_.released_accumulation)
