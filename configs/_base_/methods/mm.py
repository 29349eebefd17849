# M&M, mix-and-match: a triplet loss on the features for the first 8,000 of 50,000 steps, then cross-entropy alone.
# The parts of the run and the margin are those of the authors' settings for VOC; see ../../mm/README.md for the reading.
method_head = dict(
    contrastive=dict(
        type='cft.ContrastiveBranch', loss=dict(type='cft.TripletLoss', margin=2.1, mining='all', gather=True)))
custom_hooks = [
    dict(
        type='cft.StageSwitchHook',
        stages=[
            dict(fraction=0.16, loss_weights=dict(loss_ce=0., loss_con=1.), frozen=['classifiers']),
            # The authors' fine-tuning is a run of its own, with a learning rate of its own.
            dict(loss_weights=dict(loss_ce=1., loss_con=0.), restart_schedule=True),
        ])
]
