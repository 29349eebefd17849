# Linear probe of r50_imagenet_lars_*.py and of multi-crop (SCE, section 4.3), batches of 1024 on 8 GPUs.
# --cfg-options checkpoint=FILE
_base_ = [
    '../_base_/models/r50_linear.py',
    '../_base_/datasets/imagenet_linear.py',
    '../_base_/schedules/linear_90e_cosine.py',
    '../_base_/default_runtime.py',
]

model = dict(head=dict(num_classes=1000))
batch_size = 128
train_dataloader = dict(batch_size=batch_size)
