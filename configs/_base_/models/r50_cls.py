# File of a self-supervised ResNet-50; None trains from scratch.
# On the command line: --cfg-options checkpoint=FILE
checkpoint = None

model = dict(
    type='cft.FineTuneClassifier',
    # The statistics of ImageNet, with which the usual checkpoints were trained.
    data_preprocessor=dict(
        type='cft.MultiViewDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        to_rgb=True),
    backbone=dict(type='ResNet', depth=50, num_stages=4, out_indices=(3, ), style='pytorch'),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='cft.ContrastiveClsHead', num_classes=None, in_channels=2048))
