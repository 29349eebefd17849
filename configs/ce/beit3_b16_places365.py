# SCHaNe's baseline (table 2); augmented by AutoAugment, as in the paper.
_base_ = [
    '../_base_/models/beit3_b16_cls.py',
    '../_base_/datasets/places365.py',
    '../_base_/schedules/adamw_vit_50e.py',
    '../_base_/default_runtime.py',
]

model = dict(head=dict(num_classes=365))
two_view_pipeline = _base_.two_augmented_views_pipeline
batch_size = 128  # of each of 8 GPUs, 1024 in all
train_dataloader = dict(batch_size=batch_size, dataset=dict(pipeline=_base_.augmented_pipeline))
