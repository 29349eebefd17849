# Core-tuning, appendix C.2 and table 2, ImageNet20: plain SGD with momentum, 100 epochs, linear decay from the full
# rate to 0.
_base_ = 'sgd_100e.py'

optim_wrapper = dict(optimizer=dict(lr=0.1, nesterov=False))
param_scheduler = dict(
    _delete_=True,
    type='LinearLR',
    start_factor=1.,
    end_factor=0.,
    by_epoch=True,
    convert_to_iter_based=True)
