# Faster R-CNN with FPN on a narrow ResNet-18 (16 to 128 channels), for images of 128 pixels.
_base_ = ['r50_faster_rcnn_fpn.py']

model = dict(
    data_preprocessor=dict(mean=[127.5, 127.5, 127.5], std=[64., 64., 64.]),
    backbone=dict(
        depth=18,
        base_channels=16,
        # mmseg's default, so that one pre-trained encoder (quickstart/sce_shapes) serves both tasks.
        stem_channels=64,
        frozen_stages=-1,
        norm_cfg=dict(type='BN', requires_grad=True),
        norm_eval=False,
        zero_init_residual=False),
    neck=dict(in_channels=[16, 32, 64, 128], out_channels=32),
    rpn_head=dict(in_channels=32, feat_channels=32, anchor_generator=dict(scales=[4])),
    roi_head=dict(
        bbox_roi_extractor=dict(out_channels=32),
        bbox_head=dict(in_channels=32, fc_out_channels=128, num_classes=4)),
    train_cfg=dict(rpn_proposal=dict(max_per_img=200), rcnn=dict(sampler=dict(num=64))),
    test_cfg=dict(rpn=dict(max_per_img=100), rcnn=dict(max_per_img=20)))
