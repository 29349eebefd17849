# Core-tuning: focal contrastive loss with hard-pair mixup, and a smooth classifier.
# eta is loss_weight, alpha the generator's; both by data set, see table 2 of the appendix.
# The head fills in the projector's in_channels, the width of its features.
method_head = dict(
    contrastive=dict(
        type='cft.ContrastiveBranch',
        loss=dict(type='cft.FocalSupConLoss', temperature=0.07, gather=True),
        projector=dict(type='cft.MLPProjector', in_channels=None, out_channels=256, num_layers=2),
        pairs=dict(type='cft.HardPairMixup', alpha=1.0, negative_threshold=0.8),
        loss_weight=0.1),
    smooth_classifier=True)
