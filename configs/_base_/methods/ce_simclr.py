# (1 - lambda) cross-entropy + lambda SimCLR's loss on two views of each image, whatever its label (SCHaNe, table 3).
# Lambda is not published for this row; tau is that of the paper's other losses.
method_head = dict(
    contrastive=dict(
        type='cft.ContrastiveBranch',
        loss=dict(type='cft.SupConLoss', temperature=0.5, gather=True),
        positives='view'),
    loss_weights=dict(loss_ce=0.5, loss_con=0.5))
