# MoCo-v2 beside sce_digits.py: InfoNCE, and both views strong.
_base_ = ['./sce_digits.py']

model = dict(type='cft.MoCoV2', head=dict(_delete_=True, type='cft.InfoNCELoss', temperature=0.2))
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='cft.MultiView', num_views=2, transforms=[_base_.strong_transforms]),
            dict(type='PackInputs'),
        ]))
# Without warm-up the features collapse with some seeds, and HEXA's sum of three losses with most.
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=True, begin=0, end=10, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', by_epoch=True, begin=10, convert_to_iter_based=True),
]
