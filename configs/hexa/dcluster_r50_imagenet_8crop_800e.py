# HEXA_DCluster of tables 1 to 3, 800 epochs.
_base_ = ['./dcluster_r50_imagenet_8crop.py']

epochs = 800
train_cfg = dict(max_epochs=epochs)
