_base_ = ['ce_fashion.py', '../_base_/methods/coin.py']

model = dict(head=_base_.method_head)
model['head']['contrastive'].update(projector=None)
model['head']['contrastive']['loss'].update(temperature=0.1)
# With so few steps the classifier would see only the tail of the published single cosine.
custom_hooks = [
    dict(
        type='cft.StageSwitchHook',
        stages=[
            dict(fraction=0.5, loss_weights=dict(loss_ce=0., loss_con=1.), frozen=['classifiers']),
            dict(loss_weights=dict(loss_ce=1., loss_con=0.1), restart_schedule=True),
        ])
]
