# Bi-tuning: cross-entropy + contrastive cross-entropy + categorical contrastive loss, each of weight 1 (the paper: no
# trade-off is needed), tau 0.07, against the last 40 keys of each class. Projector of one layer to 128 channels and
# momentum 0.999 are those of the authors' library. The second view of each image gives its key.
# The head fills in the projector's in_channels, the width of its features.
method_head = dict(
    contrastive=dict(
        type='cft.BiTuningBranch',
        projector=dict(type='cft.MLPProjector', in_channels=None, out_channels=128, num_layers=1),
        temperature=0.07,
        gather=True,
        loss_weight=1.0))
method_model = dict(type='cft.BiTuningClassifier', keys_per_class=40, head=method_head)
custom_hooks = [dict(type='cft.MomentumUpdateHook', momentum=0.999, schedule='constant')]
