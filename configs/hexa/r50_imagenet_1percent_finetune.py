# HEXA, section 5.3 and appendix B: fine-tuning on 1 % of the labels of ImageNet. --cfg-options checkpoint=FILE
_base_ = [
    '../_base_/models/r50_cls.py',
    '../_base_/datasets/imagenet_1percent.py',
    '../_base_/schedules/sgd_hexa_semi_20e.py',
    '../_base_/default_runtime.py',
]

model = dict(head=dict(num_classes=1000))
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'head': dict(lr_mult=100.0)}))  # learning rate 1
