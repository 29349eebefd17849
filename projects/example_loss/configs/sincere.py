# Cross-entropy + 0.5 x SINCERE on the features themselves; the head of any task takes it.
# A class is named by its import path: no registration needs to be imported, here or in a config of a task.
method_head = dict(
    contrastive=dict(
        type='cft.ContrastiveBranch',
        loss=dict(type='projects.example_loss.SINCERELoss', temperature=0.2, gather=True),
        loss_weight=0.5,
    )
)
