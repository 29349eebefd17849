_base_ = ['./sce_digits.py', '../_base_/datasets/fashion.py']

model = dict(data_preprocessor=_base_.fashion_normalization)
train_dataloader = dict(
    dataset=dict(_delete_=True, pipeline=_base_.strong_and_weak_pipeline, **_base_.fashion_dataset))
epochs = 30
train_cfg = dict(max_epochs=epochs)
default_hooks = dict(checkpoint=dict(interval=30))
