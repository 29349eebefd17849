# MoCo-v2 beside sce_digits.py: InfoNCE, and both views strong.
_base_ = ['./sce_digits.py']

model = dict(type='cft.MoCoV2', head=dict(_delete_=True, type='cft.InfoNCELoss', temperature=0.2))
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='MultiView', num_views=2, transforms=[_base_.strong_transforms]),
            dict(type='PackInputs'),
        ]))
