custom_imports = dict(imports=['cft'])
default_scope = 'mmseg'

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=2000, max_keep_ckpts=2),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='SegVisualizationHook'),
    num_classes_check=dict(type='cft.NumClassesCheckHook'),
    iteration_seed=dict(type='cft.IterationSeedHook'),
    non_finite=dict(type='cft.NonFiniteHook', max_consecutive=10, max_total=100),
    unreadable_images=dict(type='cft.UnreadableImagesHook', on_error='raise'),
    progress_bar=dict(type='cft.ProgressBarHook'))

env_cfg = dict(
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    # Seconds that one process waits for another before the job ends.
    dist_cfg=dict(backend='nccl', timeout=600))
visualizer = dict(type='SegLocalVisualizer', vis_backends=[dict(type='LocalVisBackend')], name='visualizer')
log_processor = dict(by_epoch=False)
log_level = 'INFO'
load_from = None
resume = False
randomness = dict(seed=0)
