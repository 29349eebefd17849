# The 100 classes of ImageNet-100 (Contrastive Multiview Coding), read from the folder of the whole ImageNet.
_base_ = 'imagenet_ssl.py'

train_dataloader = dict(dataset=dict(type='cft.ImageNetSubset', classes_file='imagenet100'))
