# Cross-entropy on 5 labels per class: 80 steps on batches of 64 drawn from the 50 images.
_base_ = [
    '../_base_/models/resnet_digits.py',
    '../_base_/datasets/digits.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='cft.FineTuneClassifier',
    data_preprocessor=dict(type='cft.MultiViewDataPreprocessor', **_base_.normalization_cfg),
    backbone=_base_.backbone_cfg,
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='cft.ContrastiveClsHead', num_classes=10, in_channels=64))

batch_size = 64
train_dataloader = dict(
    batch_size=batch_size,
    num_workers=1,
    persistent_workers=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='cft.StratifiedSubset',
        per_class=5,
        seed=0,
        dataset=dict(type='cft.Digits', split='train', pipeline=_base_.train_pipeline)))
val_dataloader = dict(
    batch_size=297,
    num_workers=0,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='cft.Digits', split='val', pipeline=_base_.test_pipeline))
test_dataloader = dict(
    val_dataloader, batch_size=500, dataset=dict(val_dataloader['dataset'], split='test'))
val_evaluator = dict(type='Accuracy', topk=(1, ))
test_evaluator = dict(type='Accuracy', topk=(1, ))

optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.025, momentum=0.9, weight_decay=5e-4))
param_scheduler = dict(type='CosineAnnealingLR', by_epoch=False)
# The methods of a draw see the same augmented batches; making them takes half of a run.
train_cfg = dict(type='cft.ResumableIterLoop', max_iters=80, val_interval=20, keep_batches=True)
val_cfg = dict()
test_cfg = dict()
log_processor = dict(by_epoch=False)
default_hooks = dict(
    logger=dict(interval=10), checkpoint=dict(by_epoch=False, interval=80, max_keep_ckpts=1))
