# Cross-entropy on the digits 0 to 4, judged by few-shot tasks of the test images of 5 to 9, which it has not seen.
_base_ = ['./ce_digits.py']

seen = ['0', '1', '2', '3', '4']
model = dict(head=dict(num_classes=5))
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='cft.ClassSubset',
        classes=seen,
        dataset=dict(type='cft.Digits', split='train', pipeline=_base_.train_pipeline)))
val_dataloader = None
val_evaluator = None
val_cfg = None
test_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='cft.ClassSubset',
        without=seen,
        dataset=dict(type='cft.Digits', split='test', pipeline=_base_.test_pipeline)))
test_evaluator = []
test_cfg = dict(
    _delete_=True, type='cft.FewShotTestLoop', shots=(1, 5), heads=('logistic', ), ways=5, queries=15, tasks=50, runs=3)
train_cfg = dict(max_iters=40)
default_hooks = dict(checkpoint=dict(interval=40))
