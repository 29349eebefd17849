# Core-tuning as its code trains CIFAR-10: eta 0.1, alpha 1, learning rate 0.01, 100 epochs as in the paper.
_base_ = [
    'coretuning_r50_cifar10.py',
    '_base_/coretuning_released.py',
    '_base_/released_protocol.py',
    '../../../configs/_base_/datasets/rotations.py',
]

model = dict(data_preprocessor=_base_.released_statistics, head=_base_.released_head)

image_size = None
train_pipeline = [*_base_.rotated_crops, dict(type='PackInputs')]
test_pipeline = [*_base_.uncropped, dict(type='PackInputs')]
batch_size = _base_.released_batch
train_dataloader = dict(batch_size=batch_size, dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
optim_wrapper = dict(accumulative_counts=_base_.released_accumulation)
