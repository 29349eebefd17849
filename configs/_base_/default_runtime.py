# Of every task: what happens besides the training itself.
custom_imports = dict(imports=['cft'])
default_scope = 'mmpretrain'

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50),
    param_scheduler=dict(type='ParamSchedulerHook'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    progress_bar=dict(type='cft.ProgressBarHook'),
    # Where training starts: from the file that the top-level name checkpoint gives, if any.
    starting_checkpoint=dict(type='cft.StartingCheckpointHook'),
    # Keeps the weights that training starts from for regularisers that compare with them; idle without any.
    regularizers=dict(type='cft.RegularizerHook'),
    # Files are there whole or not at all; a resumed run equals an uninterrupted one; signals save before they stop.
    checkpoint=dict(type='cft.AtomicCheckpointHook', interval=1, max_keep_ckpts=2),
    iteration_seed=dict(type='cft.IterationSeedHook'),
    rank_statistics=dict(type='cft.RankStatisticsHook'),
    accumulated_gradients=dict(type='cft.AccumulatedGradientsHook'),
    termination=dict(type='cft.TerminationHook'),
    # The device, and what a long run on CPUs will cost.
    run_cost=dict(type='cft.RunCostHook', minutes=30),
    # What would spoil a result stops the run, or is told.
    config_check=dict(type='cft.ConfigCheckHook'),
    batch_size_check=dict(type='cft.BatchSizeCheckHook'),
    num_classes_check=dict(type='cft.NumClassesCheckHook'),
    labels_check=dict(type='cft.LabelsCheckHook', max_masks=2000),
    non_finite=dict(type='cft.NonFiniteHook', max_consecutive=10, max_total=100),
    unreadable_images=dict(type='cft.UnreadableImagesHook', on_error='raise'),
    duplicate_images=dict(type='cft.DuplicateImagesHook'))

env_cfg = dict(
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    # Seconds that one process waits for another before the job ends.
    dist_cfg=dict(backend='nccl', timeout=600))
# Beside the log: tensorboard, wandb (offline) or mlflow.
tracker = None
visualizer = dict(type='UniversalVisualizer', vis_backends=[dict(type='LocalVisBackend')])
log_level = 'INFO'
load_from = None
resume = False
randomness = dict(seed=0)
