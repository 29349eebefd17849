# Cross-entropy + 0.1 x triplet loss on projected features, of each anchor the hardest triplet in the batch.
# No table has this row; margin and projector are FaceNet's and SCL's.
# The head fills in the projector's in_channels, the width of its features.
method_head = dict(
    contrastive=dict(
        type='cft.ContrastiveBranch',
        loss=dict(type='cft.TripletLoss', margin=0.2, mining='hard', gather=True),
        projector=dict(type='cft.MLPProjector', in_channels=None, out_channels=256, num_layers=2),
        loss_weight=0.1))
