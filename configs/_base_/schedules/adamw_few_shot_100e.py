# SCHaNe's training for few-shot data sets: as for whole ones, 100 epochs.
_base_ = 'adamw_vit_50e.py'

epochs = 100
train_cfg = dict(max_epochs=epochs, val_interval=10)
