_base_ = ['./hexa_dcluster_digits.py', '../_base_/datasets/fashion.py']

model = dict(data_preprocessor=_base_.fashion_normalization)
train_dataloader = dict(
    dataset=dict(_delete_=True, pipeline=_base_.two_strong_pipeline, **_base_.fashion_dataset))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=True, begin=0, end=5, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', by_epoch=True, begin=5, convert_to_iter_based=True),
]
epochs = 30
train_cfg = dict(max_epochs=epochs)
default_hooks = dict(checkpoint=dict(interval=30))
