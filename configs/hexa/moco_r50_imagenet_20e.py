# HEXA_MoCo of figure 2, 20 epochs; the mixes are the weights of model.hard_examples, README.md has the commands.
_base_ = ['./moco_r50_imagenet.py']

epochs = 20
train_cfg = dict(max_epochs=epochs)
