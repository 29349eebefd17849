# Core-tuning, appendix C.2 and table 2, iNaturalist18: 160 epochs of batches of 128, learning rate 0.1.
_base_ = 'sgd_100e.py'

optim_wrapper = dict(optimizer=dict(lr=0.1))
epochs = 160
train_cfg = dict(max_epochs=epochs)
auto_scale_lr = dict(base_batch_size=128)
