# DeepCluster-v2 for 800 epochs, as released (deepclusterv2_800ep_pretrain.sh).
_base_ = ['./r50_imagenet_8crop.py']

epochs = 800
train_cfg = dict(max_epochs=epochs)
