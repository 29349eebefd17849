_base_ = [
    '../_base_/models/vit_b16_cls.py',
    '../_base_/datasets/cifar100.py',
    '../_base_/schedules/adamw_vit_100e.py',
    '../_base_/default_runtime.py',
]

model = dict(head=dict(num_classes=100))
train_pipeline = [*_base_.train_pipeline[:-1], *_base_.mae_augmentation, _base_.train_pipeline[-1]]
batch_size = 128  # of each of 8 GPUs, 1024 in all
train_dataloader = dict(
    batch_size=batch_size,
    dataset=dict(pipeline=train_pipeline))
