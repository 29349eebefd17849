# SCL: cross-entropy + 0.1 x supervised contrastive loss on projected features.
# The head fills in the projector's in_channels, the width of its features.
method_head = dict(
    contrastive=dict(
        type='cft.ContrastiveBranch',
        loss=dict(type='cft.SupConLoss', temperature=0.07, gather=True),
        projector=dict(type='cft.MLPProjector', in_channels=None, out_channels=256, num_layers=2),
        loss_weight=0.1))
