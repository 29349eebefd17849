# HEXA, section 5.3 and appendix B: fine-tuning on 10 % of the labels of ImageNet. --cfg-options checkpoint=FILE
_base_ = [
    '../_base_/models/r50_cls.py',
    '../_base_/datasets/imagenet_10percent.py',
    '../_base_/schedules/sgd_hexa_semi_20e.py',
    '../_base_/default_runtime.py',
]

model = dict(head=dict(num_classes=1000))
