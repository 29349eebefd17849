# Faster R-CNN on a feature pyramid of any network; all of it is trained.
_base_ = ['r50_faster_rcnn.py']

# 'auto': the network that checkpoint holds; or resnet18, resnet34, resnet50, resnet101, timm/NAME for any of timm.
backbone = 'auto'

# None is filled in: the widths by the network, mean and std (of values from 0 to 255) by what it was pre-trained with.
model = dict(
    data_preprocessor=dict(mean=None, std=None),
    backbone=dict(_delete_=True, type='cft.AutoBackbone'),
    rpn_head=dict(
        in_channels=None,
        feat_channels=256,
        anchor_generator=dict(scales=[8], strides=[4, 8, 16, 32, 64])),
    roi_head=dict(
        bbox_roi_extractor=dict(
            roi_layer=dict(output_size=7), out_channels=None, featmap_strides=[4, 8, 16, 32]),
        bbox_head=dict(type='Shared2FCBBoxHead', in_channels=None, fc_out_channels=1024)),
    train_cfg=dict(rpn_proposal=dict(nms_pre=2000, max_per_img=1000)),
    test_cfg=dict(rpn=dict(nms_pre=1000)))

# What a network of each kind is asked for; see auto_cls.py. Few images fit into a batch, so that BatchNorm keeps the
# statistics of the pre-training.
networks = dict(
    resnet=dict(
        backbone=dict(num_stages=4, out_indices=(0, 1, 2, 3), norm_eval=True, style='pytorch'),
        neck=dict(type='FPN', in_channels=None, out_channels=256, num_outs=5)),
    # Plain transformers: ViTDet's pyramid, of the last block alone.
    vit=dict(
        backbone=dict(drop_path_rate=0.1, out_type='featmap', out_indices=[-1]),
        neck=dict(
            type='cft.SimpleFeaturePyramid', in_channels=None, stride=None, out_channels=256, num_outs=5)),
    timm_vit=dict(
        backbone=dict(drop_path_rate=0.1, out_indices=(-1, )),
        neck=dict(
            type='cft.SimpleFeaturePyramid', in_channels=None, stride=None, out_channels=256, num_outs=5)),
    timm_stages=dict(
        backbone=dict(out_indices=(-4, -3, -2, -1), norm_eval=True),
        neck=dict(type='FPN', in_channels=None, out_channels=256, num_outs=5)))
