# SCHaNe: (1 - lambda) cross-entropy + lambda SCHaNe, lambda 0.9, on two views of each image.
method_head = dict(
    contrastive=dict(
        type='cft.ContrastiveBranch', loss=dict(type='cft.SCHaNeLoss', temperature=0.5, gather=True)),
    loss_weights=dict(loss_ce=0.1, loss_con=0.9))
