# Eight crops in batches of 4096 (HEXA, section 4), as in DeepCluster-v2's and SwAV's scripts: learning rate 4.8
# after 10 epochs of warm-up from 0.3, cosine to a thousandth of it.
_base_ = 'deepcluster_200e.py'

optim_wrapper = dict(optimizer=dict(lr=4.8))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.3 / 4.8, by_epoch=True, begin=0, end=10, convert_to_iter_based=True),
    dict(
        type='CosineAnnealingLR', by_epoch=True, begin=10, eta_min_ratio=1e-3, convert_to_iter_based=True),
]
auto_scale_lr = dict(base_batch_size=4096)
