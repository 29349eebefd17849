# SCE, section 4.3 and table 7: symmetric loss, predictor, strong-alpha against strong-beta, LARS,
# batches of 4096; 300 epochs.
_base_ = [
    '../_base_/models/r50_ssl_predictor.py',
    '../_base_/datasets/imagenet_ssl.py',
    '../_base_/schedules/ssl_lars_300e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='cft.SCE',
    head=dict(type='cft.SCELoss', temperature=0.1, target_temperature=0.07, coefficient=0.5))
batch_size = 512  # of each of 8 GPUs, 4,096 in all
train_dataloader = dict(
    batch_size=batch_size,
    dataset=dict(
        pipeline=[
            dict(type='cft.LoadImage'),
            dict(
                type='cft.MultiView',
                num_views=[1, 1],
                transforms=[[dict(type='cft.ViewAugment', distribution='strong-alpha', size=224)],
                            [dict(type='cft.ViewAugment', distribution='strong-beta', size=224)]]),
            dict(type='PackInputs'),
        ]))
