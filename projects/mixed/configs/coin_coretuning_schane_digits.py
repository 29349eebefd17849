# COIN's first stage (contrast alone, the classifier frozen), then Core-tuning, its two losses weighted as SCHaNe's:
# (1 - lambda) cross-entropy + lambda contrast, lambda 0.9.
_base_ = ['../../../configs/quickstart/coretuning_digits.py']

custom_hooks = [
    dict(
        type='cft.StageSwitchHook',
        stages=[
            dict(fraction=0.5, loss_weights=dict(loss_ce=0.0, loss_con=1.0), frozen=['classifiers']),
            dict(loss_weights=dict(loss_ce=0.1, loss_con=0.9), restart_schedule=True),
        ],
    )
]
