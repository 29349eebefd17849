# Linear probe of r50_imagenet100.py (SCE, section 4.1): --cfg-options checkpoint=FILE
_base_ = [
    '../_base_/models/r50_linear.py',
    '../_base_/datasets/imagenet100_linear.py',
    '../_base_/schedules/linear_sce_100e.py',
    '../_base_/default_runtime.py',
]

model = dict(head=dict(num_classes=100))
batch_size = 64  # of each of 8 GPUs, 512 in all
train_dataloader = dict(batch_size=batch_size)
