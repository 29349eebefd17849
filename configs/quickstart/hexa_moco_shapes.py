# HEXA-MoCo with adversarial queries beside sce_shapes.py: InfoNCE, and both views strong.
_base_ = ['./sce_shapes.py']

model = dict(
    type='cft.HEXAMoCo',
    hard_examples=dict(type='cft.HardExamples', adversarial_weight=1., cutmix_weight=0., epsilon=1, step=1),
    head=dict(_delete_=True, type='cft.InfoNCELoss', temperature=0.2))
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='cft.LoadImage'),
            dict(type='cft.MultiView', num_views=2, transforms=[_base_.strong_transforms]),
            dict(type='PackInputs'),
        ]))
