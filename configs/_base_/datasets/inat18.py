# iNaturalist 2018 (Van Horn et al. 2018): 8,142 classes, 437,513 training and 24,426 test images (its val).
_base_ = 'prepared.py'

data_root = 'data/inat18/labels.csv'
batch_size = 32  # of each of 4 GPUs, 128 in all: Core-tuning, table 2 of the appendix
train_dataloader = dict(batch_size=batch_size, dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
# Accuracy of classes with more than 100, 20 to 100 and fewer than 20 training images, too.
test_evaluator = [
    dict(type='Accuracy', topk=(1, 5)),
    dict(
        type='cft.ClassGroupAccuracy',
        many=100,
        few=20,
        dataset=dict(type='cft.LabelTable', data_root=data_root, split='train', val_fraction=0.)),
]
