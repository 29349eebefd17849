# HEXA_DCluster of figure 4, 40 epochs: epsilon and step of 1 and 3; README.md has the commands. The paper doesn't say
# with which crops; these are the two of its HEXA_DCluster.
_base_ = ['./dcluster_r50_imagenet_2crop.py']

epochs = 40
train_cfg = dict(max_epochs=epochs)
