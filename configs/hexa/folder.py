# HEXA-MoCo (algorithm 1) on images of your own, in folders of any layout: cft train hexa/folder data_root=FOLDER
_base_ = ['../mocov2/folder.py']

model = dict(
    type='cft.HEXAMoCo',
    hard_examples=dict(type='cft.HardExamples', adversarial_weight=1., cutmix_weight=0., epsilon=1, step=1))
custom_hooks = [dict(type='cft.MomentumUpdateHook', momentum=0.99, schedule='constant')]
