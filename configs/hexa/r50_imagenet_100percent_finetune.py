# HEXA, section 5.3: fine-tuning on all labels of ImageNet, 20 epochs. The paper tells no learning rates for them; these
# are those of 10 %. --cfg-options checkpoint=FILE
_base_ = [
    '../_base_/models/r50_cls.py',
    '../_base_/datasets/imagenet.py',
    '../_base_/schedules/sgd_hexa_semi_20e.py',
    '../_base_/default_runtime.py',
]

model = dict(head=dict(num_classes=1000))
