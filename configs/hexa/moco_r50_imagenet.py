# HEXA_MoCo (algorithm 1): MoCo-v2 with adversarial queries, 200 epochs. The momentum is that of algorithm 1, 0.99;
# MoCo-v2 itself has 0.999.
_base_ = ['../mocov2/r50_imagenet.py']

model = dict(
    type='cft.HEXAMoCo',
    hard_examples=dict(type='cft.HardExamples', adversarial_weight=1., cutmix_weight=0., epsilon=1, step=1))
custom_hooks = [dict(type='cft.MomentumUpdateHook', momentum=0.99, schedule='constant')]
