# HEXA, appendix B: linear probe on CIFAR-100 at 224 pixels, without augmentation. --cfg-options checkpoint=FILE
_base_ = [
    '../_base_/models/r50_linear.py',
    '../_base_/datasets/cifar100_linear.py',
    '../_base_/schedules/linear_cifar_adamax_20e.py',
    '../_base_/default_runtime.py',
]

model = dict(head=dict(num_classes=100))
plain_transforms = [
    dict(type='Resize', scale=224, backend='pillow', interpolation='bilinear'),
    dict(type='PackInputs'),
]
test_pipeline = plain_transforms
train_dataloader = dict(dataset=dict(pipeline=plain_transforms))
test_dataloader = dict(dataset=dict(pipeline=plain_transforms))
