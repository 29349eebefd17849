# What detection adds: mmdet's scope and pictures, and a length in iterations.
_base_ = 'default_runtime.py'

default_scope = 'mmdet'
default_hooks = dict(
    logger=dict(log_metric_by_epoch=False),
    checkpoint=dict(by_epoch=False, interval=2000),
    visualization=dict(type='DetVisualizationHook'))
# Images differ in size.
env_cfg = dict(cudnn_benchmark=False)
visualizer = dict(type='DetLocalVisualizer', name='visualizer')
log_processor = dict(by_epoch=False)
