# Linear probe of a ViT-S/16 on the class token of the last layer. Six heads are DINO's; MoCo-v3's ViT-S has twelve,
# which no tensor of its file tells: --cfg-options model.backbone.arch.num_heads=12
_base_ = 'r50_linear.py'

model = dict(
    backbone=dict(
        _delete_=True,
        type='VisionTransformer',
        arch=dict(embed_dims=384, num_layers=12, num_heads=6, feedforward_channels=1536),
        img_size=224,
        patch_size=16,
        out_type='cls_token',
        final_norm=True),
    neck=None,
    head=dict(in_channels=384))
