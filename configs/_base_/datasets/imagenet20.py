# ImageNet20 of Core-tuning: Imagenette and Imagewoof (fast.ai), 10 classes each, 18,494 training and 7,854 test images.
_base_ = 'prepared.py'

data_root = 'data/imagenet20/labels.csv'
train_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
