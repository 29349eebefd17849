# Linear probe of vit_s16_imagenet.py, whose ViT has MoCo-v3's twelve heads: --cfg-options checkpoint=FILE
_base_ = [
    '../_base_/models/vit_s16_linear.py',
    '../_base_/datasets/imagenet_linear.py',
    '../_base_/schedules/linear_90e_cosine.py',
    '../_base_/default_runtime.py',
]

model = dict(backbone=dict(arch=dict(num_heads=12)), head=dict(num_classes=1000))
batch_size = 128
train_dataloader = dict(batch_size=batch_size)
