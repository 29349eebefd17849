# Cross-entropy on 5 labels per class of Fashion-MNIST; 200 test images of each class, which all methods share.
_base_ = ['./ce_digits.py', '../_base_/datasets/fashion.py']

two_view_pipeline = _base_.two_strong_pipeline
model = dict(data_preprocessor=_base_.fashion_normalization)
train_dataloader = dict(
    dataset=dict(
        dataset=dict(
            _delete_=True,
            pipeline=[*_base_.fashion_strong_transforms, dict(type='PackInputs')],
            **_base_.fashion_dataset)))
val_dataloader = dict(
    batch_size=500,
    dataset=dict(_delete_=True, **dict(_base_.fashion_dataset, split='val'), pipeline=_base_.test_pipeline))
test_dataloader = dict(
    batch_size=500,
    dataset=dict(
        _delete_=True,
        type='cft.StratifiedSubset',
        per_class=200,
        seed=0,
        dataset=dict(**dict(_base_.fashion_dataset, split='test'), pipeline=_base_.test_pipeline)))
