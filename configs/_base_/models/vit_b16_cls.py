# File of a self-supervised ViT-B/16, such as MAE's; None trains from scratch.
# On the command line: --cfg-options checkpoint=FILE
checkpoint = None

# As MAE is fine-tuned (its --global_pool): the mean of the patch tokens, then a new norm; the encoder's own last
# norm goes. The linear layer starts near 0.
model = dict(
    type='cft.FineTuneClassifier',
    data_preprocessor=dict(
        type='cft.MultiViewDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        to_rgb=True),
    backbone=dict(
        type='VisionTransformer',
        arch='base',
        img_size=224,
        patch_size=16,
        qkv_bias=True,
        drop_path_rate=0.1,
        out_type='avg_featmap',
        final_norm=False),
    neck=None,
    head=dict(
        type='cft.ContrastiveClsHead',
        num_classes=None,
        in_channels=768,
        # The projector keeps its own initialisation.
        init_cfg=dict(type='TruncNormal', std=2e-5, override=dict(name='fc'))))
