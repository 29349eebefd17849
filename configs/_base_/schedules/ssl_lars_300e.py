# SCE, section 4.3, 300 epochs: all else as for 200.
_base_ = 'ssl_lars_200e.py'

epochs = 300
train_cfg = dict(max_epochs=epochs)
