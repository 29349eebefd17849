# SCE, section 4.1, the ablations on ImageNet100: learning rate 0.3 x 512 / 256, all else as on ImageNet.
_base_ = 'ssl_imagenet_200e.py'

optim_wrapper = dict(optimizer=dict(lr=0.6))
