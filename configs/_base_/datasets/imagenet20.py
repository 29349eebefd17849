# ImageNet20 of Core-tuning: the 20 classes of Imagenette and Imagewoof (fast.ai), 18,494 training and 7,854 test images.
_base_ = 'prepared.py'

data_root = 'data/imagenet20/labels.csv'
train_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
