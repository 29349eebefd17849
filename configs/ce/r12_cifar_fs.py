# SCHaNe's recipe for the usual network of few-shot learning, which is trained from scratch.
_base_ = [
    '../_base_/models/r12_cls.py',
    '../_base_/datasets/cifar_fs.py',
    '../_base_/schedules/adamw_few_shot_100e.py',
    '../_base_/default_runtime.py',
]

# Squares of DropBlock as in Tian et al. for images of 32 pixels.
model = dict(
    backbone=dict(block_size=2),
    head=dict(num_classes=64))
two_view_pipeline = _base_.two_small_views_pipeline
test_pipeline = _base_.small_test_pipeline
train_dataloader = dict(dataset=dict(pipeline=_base_.small_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
default_hooks = dict(checkpoint=dict(save_best='few_shot/1shot_logistic', rule='greater'))
