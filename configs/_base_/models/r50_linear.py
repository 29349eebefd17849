# Linear probe: only the linear layer is trained, from MoCo's initialisation (normal of deviation 0.01, bias 0).
# File of a self-supervised ResNet-50; None probes random weights, with a warning.
# On the command line: --cfg-options checkpoint=FILE
checkpoint = None

model = dict(
    type='cft.FrozenBackboneClassifier',
    data_preprocessor=dict(
        type='cft.MultiViewDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        to_rgb=True),
    backbone=dict(type='ResNet', depth=50, num_stages=4, out_indices=(3, ), style='pytorch'),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        num_classes=None,
        in_channels=2048,
        init_cfg=dict(type='Normal', layer='Linear', std=0.01)))
