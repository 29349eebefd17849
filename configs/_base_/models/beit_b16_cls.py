# File of a BEiT or BEiT-v2 base; None trains from scratch.
# On the command line: --cfg-options checkpoint=FILE
checkpoint = None

# SCHaNe fine-tunes BEiT-3 base, which beit3_b16_cls.py takes from timm. This is BEiT-v2's base, of the same size; the
# paper's figures are not to be expected of it.
# Dropout 0.1 is the paper's. BEiT-v2 is normalised with ImageNet's statistics, the first BEiT with mean and
# deviation 127.5.
model = dict(
    type='cft.FineTuneClassifier',
    data_preprocessor=dict(
        type='cft.MultiViewDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        to_rgb=True),
    backbone=dict(
        type='BEiTViT',
        arch='base',
        img_size=224,
        patch_size=16,
        drop_rate=0.1,
        out_type='avg_featmap',
        use_abs_pos_emb=False,
        use_rel_pos_bias=True,
        use_shared_rel_pos_bias=False),
    neck=None,
    head=dict(type='cft.ContrastiveClsHead', num_classes=None, in_channels=768))
