_base_ = ['./moco_r50_imagenet.py']

epochs = 800
train_cfg = dict(max_epochs=epochs)
