# File of a ResNet-12 of cft; None trains from scratch, as is usual for it.
# On the command line: --cfg-options checkpoint=FILE
checkpoint = None

model = dict(
    type='cft.FineTuneClassifier',
    data_preprocessor=dict(
        type='cft.MultiViewDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        to_rgb=True),
    backbone=dict(type='cft.ResNet12', channels=(64, 160, 320, 640), drop_rate=0.1, block_size=5),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='cft.ContrastiveClsHead', num_classes=None, in_channels=640))
