# File to go on from, which backbone=auto takes the network from; None pre-trains from scratch.
checkpoint = None
# resnet18, resnet34, resnet50, resnet101, timm/NAME for any of timm, or 'auto'.
backbone = 'resnet50'

# MoCo-v2's projector for momentum contrast. None is filled in by the network.
# The queue holds past images: in one longer than the data every image would meet itself.
model = dict(
    data_preprocessor=dict(type='SelfSupDataPreprocessor', mean=None, std=None, to_rgb=True),
    backbone=dict(type='cft.AutoBackbone'),
    neck=dict(type='MoCoV2Neck', in_channels=None, hid_channels=2048, out_channels=128),
    queue_length=4096,
    feat_channels=128)

# What a network of each kind is asked for; see auto_cls.py.
networks = dict(
    # Keys are shuffled among GPUs, so that BatchNorm doesn't tell whose they are; on one GPU eight parts of the batch
    # stand for eight GPUs, as in SCE's released code. Other networks of timm with BatchNorm have no such parts.
    resnet=dict(
        key_splits=8,
        backbone=dict(num_stages=4, out_indices=(3, ), style='pytorch', zero_init_residual=False),
        neck=dict(with_avg_pool=True)),
    vit=dict(backbone=dict(out_type='cls_token', final_norm=True), neck=dict(with_avg_pool=False)),
    timm_vit=dict(neck=dict(with_avg_pool=False)),
    timm_stages=dict(neck=dict(with_avg_pool=False)))
