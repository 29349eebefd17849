# COIN: contrastive initialisation for the first 70 % of the run, then SCL.
# One cosine spans both stages, as published (no restart_schedule).
# The head fills in the projector's in_channels, the width of its features.
method_head = dict(
    contrastive=dict(
        type='cft.ContrastiveBranch',
        loss=dict(type='cft.SupConLoss', temperature=0.3, gather=True),
        projector=dict(type='cft.MLPProjector', in_channels=None, out_channels=256, num_layers=2)))
custom_hooks = [
    dict(
        type='cft.StageSwitchHook',
        stages=[
            dict(fraction=0.7, loss_weights=dict(loss_ce=0., loss_con=1.), frozen=['classifiers']),
            dict(loss_weights=dict(loss_ce=1., loss_con=0.1)),
        ])
]
