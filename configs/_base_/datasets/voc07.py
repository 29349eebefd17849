# PASCAL VOC 2007 classification (Everingham et al. 2010): 20 classes, any number of them in an image, 5,011 training
# images (its trainval) and 4,952 test images; laid out by tools/datasets/prepare_voc.py. The measure is that of the
# challenge, the mean over classes of the eleven-point average precision; nothing is chosen on the test images.
_base_ = 'prepared.py'

data_root = 'data/VOCdevkit/VOC2007'
test_pipeline = [
    *_base_.bilinear_test_pipeline[:-1],
    dict(type='PackInputs', meta_keys=('img_path', 'ori_shape', 'img_shape', 'gt_label_difficult')),
]
train_dataloader = dict(
    dataset=dict(
        _delete_=True, type='VOC', data_root=data_root, split='trainval', pipeline=_base_.bilinear_train_pipeline))
test_dataloader = dict(
    dataset=dict(_delete_=True, type='VOC', data_root=data_root, split='test', pipeline=test_pipeline))
test_evaluator = dict(_delete_=True, type='cft.VOCMeanAveragePrecision', eleven_points=True)
