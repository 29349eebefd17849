# HEXA, appendix C, table 5: fine-tuning on CIFAR-10 at 224 pixels. The paper tells no augmentation; the crops are those of
# ../ce/r50_cifar10.py. --cfg-options checkpoint=FILE
_base_ = [
    '../_base_/models/r50_cls.py',
    '../_base_/datasets/cifar10.py',
    '../_base_/schedules/adamax_hexa_20e.py',
    '../_base_/default_runtime.py',
]

model = dict(head=dict(num_classes=10))
