# HEXA, section 5.3: fine-tuning on all labels of ImageNet, 20 epochs. The paper tells no learning rates for them; these
# are those of 10 %. --cfg-options checkpoint=FILE
_base_ = [
    '../_base_/models/r50_cls.py',
    '../_base_/datasets/imagenet.py',
    '../_base_/schedules/sgd_hexa_semi_20e.py',
    '../_base_/default_runtime.py',
]

model = dict(head=dict(num_classes=1000))
train_dataloader = dict(dataset=dict(pipeline=_base_.bilinear_train_pipeline))
test_pipeline = _base_.bilinear_test_pipeline
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
