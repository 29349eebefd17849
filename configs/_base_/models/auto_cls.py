# File of a self-supervised network; None trains from scratch.
# On the command line: checkpoint=FILE
checkpoint = None
# 'auto': the network that this file holds; or resnet18, resnet34, resnet50, resnet101, timm/NAME for any of timm.
backbone = 'auto'

# None is filled in: the width by the network, the classes by the data, mean and std (of values from 0 to 255) by what
# the network was pre-trained with.
model = dict(
    type='cft.FineTuneClassifier',
    data_preprocessor=dict(type='cft.MultiViewDataPreprocessor', mean=None, std=None, to_rgb=True),
    backbone=dict(type='cft.AutoBackbone'),
    head=dict(type='cft.ContrastiveClsHead', num_classes=None, in_channels=None))

# What a network of each kind is asked for. The entry of the one that is chosen goes into model, below what is said
# there, and stands alone in the config of the run.
networks = dict(
    resnet=dict(
        backbone=dict(num_stages=4, out_indices=(3, ), style='pytorch'), neck=dict(type='GlobalAveragePooling')),
    # DINO and MoCo-v3 train the class token, and MAE does as well with it as with the mean of the patches.
    vit=dict(backbone=dict(drop_path_rate=0.1, out_type='cls_token', final_norm=True), neck=None),
    # Pooled as timm pools for its classifier: of one stride (plain transformers), and in stages.
    timm_vit=dict(backbone=dict(drop_path_rate=0.1), neck=None),
    timm_stages=dict(neck=None))
