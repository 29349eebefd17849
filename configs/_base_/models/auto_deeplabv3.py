# File of a self-supervised network; None trains from scratch.
# On the command line: checkpoint=FILE
checkpoint = None
# 'auto': the network that this file holds; or resnet18, resnet34, resnet50, resnet101, timm/NAME for any of timm.
backbone = 'auto'

# DeepLab-V3 as in r50_deeplabv3.py, on the last feature map; the auxiliary head sees the one before. None is filled in:
# the widths by the network, mean and std (of values from 0 to 255) by what it was pre-trained with.
norm_cfg = dict(type='SyncBN', requires_grad=True)
cross_entropy = dict(type='CrossEntropyLoss', use_sigmoid=False, avg_non_ignore=True)
model = dict(
    type='cft.ContrastiveEncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=None,
        std=None,
        bgr_to_rgb=True,
        pad_val=0,
        seg_pad_val=255,
        size=(512, 512)),
    backbone=dict(type='cft.AutoBackbone'),
    decode_head=dict(
        type='ASPPHead',
        in_channels=None,
        in_index=-1,
        channels=512,
        dropout_ratio=0.1,
        num_classes=21,
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(cross_entropy, loss_weight=1.0)),
    auxiliary_head=dict(
        type='FCNHead',
        in_channels=None,
        in_index=-2,
        channels=256,
        num_convs=1,
        concat_input=False,
        dropout_ratio=0.1,
        num_classes=21,
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(cross_entropy, loss_weight=0.4)),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'))

# What a network of each kind is asked for; see auto_cls.py. The dilations of the pyramid are those of stride 8, halved
# with each doubling of the stride.
networks = dict(
    resnet=dict(
        backbone=dict(
            num_stages=4,
            out_indices=(0, 1, 2, 3),
            strides=(1, 2, 1, 1),
            dilations=(1, 1, 2, 4),
            norm_cfg=norm_cfg,
            norm_eval=False,
            style='pytorch',
            contract_dilation=True),
        decode_head=dict(dilations=(1, 12, 24, 36))),
    # Plain transformers, stride 14 or 16: the last block and the fourth last.
    vit=dict(
        backbone=dict(drop_path_rate=0.1, out_type='featmap', out_indices=[-4, -1]),
        decode_head=dict(dilations=(1, 6, 12, 18))),
    timm_vit=dict(
        backbone=dict(drop_path_rate=0.1, out_indices=(-4, -1)), decode_head=dict(dilations=(1, 6, 12, 18))),
    # The last two stages, strides 16 and 32.
    timm_stages=dict(backbone=dict(out_indices=(-2, -1)), decode_head=dict(dilations=(1, 3, 6, 9))))
