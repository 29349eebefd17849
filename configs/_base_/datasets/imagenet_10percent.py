# 10 % of the training images of ImageNet, 128,116: those of SimCLR's list imagenet_subsets/10percent.txt
# (https://github.com/google-research/simclr), which lies in data_root. All validation images are reported on.
_base_ = 'imagenet.py'

train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='cft.ImageNetList',
        data_root=_base_.data_root,
        list_file='10percent.txt',
        images=128116,
        pipeline=_base_.bilinear_train_pipeline))
test_pipeline = _base_.bilinear_test_pipeline
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
