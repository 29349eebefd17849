# File of BEiT-3 base as timm has it (beit3_base_patch16_224: timm/beit3_base_patch16_224.pt on the Hugging Face hub,
# or Microsoft's own file, whose names timm converts); None trains from scratch.
# On the command line: --cfg-options checkpoint=FILE
checkpoint = None

# Dropout 0.1 as in SCHaNe, which does not say where: behind the embedding and the projections of each block.
# Features are the normed mean of the patches, timm's own for this network.
model = dict(
    type='cft.FineTuneClassifier',
    data_preprocessor=dict(
        type='cft.MultiViewDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        to_rgb=True),
    backbone=dict(
        type='cft.TimmBackbone', model_name='beit3_base_patch16_224', pos_drop_rate=0.1, proj_drop_rate=0.1),
    neck=None,
    head=dict(type='cft.ContrastiveClsHead', num_classes=None, in_channels=768))
