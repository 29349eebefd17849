# HEXA_DCluster (algorithm 2) with eight crops: adversarial views.
_base_ = ['../deepcluster/r50_imagenet_8crop.py']

model = dict(
    type='cft.HEXADCluster',
    hard_examples=dict(type='cft.HardExamples', adversarial_weight=1., cutmix_weight=0., epsilon=1, step=1))
