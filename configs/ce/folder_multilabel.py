# Images with any number of labels each: data_root is a table path,label with labels such as dog|grass, or with a column
# of 0 and 1 for each class. Each class has a sigmoid of its own; contrastive methods are not defined for such labels.
_base_ = ['./folder.py']

model = dict(head=dict(_delete_=True, type='MultiLabelLinearClsHead', num_classes=None, in_channels=None))
train_dataloader = dict(dataset=dict(type='cft.MultiLabelTable'))
val_dataloader = dict(dataset=dict(type='cft.MultiLabelTable'))
test_dataloader = dict(dataset=dict(type='cft.MultiLabelTable'))
val_evaluator = dict(_delete_=True, type='cft.MeanAveragePrecision')
test_evaluator = dict(_delete_=True, type='cft.MeanAveragePrecision')
default_hooks = dict(checkpoint=dict(save_best='multi-label/mAP'))
