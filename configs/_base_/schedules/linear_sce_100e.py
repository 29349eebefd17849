# Linear probe of SCE on ImageNet (sections 4.1 and 4.2): learning rate 30 for batches of 512 (released code).
_base_ = 'linear_100e.py'

auto_scale_lr = dict(base_batch_size=512)
