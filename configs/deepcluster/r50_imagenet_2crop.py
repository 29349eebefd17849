# DeepCluster-v2 with two crops as HEXA compares with it: 200 epochs, batches of 256 on 8 GPUs.
_base_ = [
    '../_base_/models/r50_deepcluster.py',
    '../_base_/datasets/imagenet_2crop.py',
    '../_base_/schedules/deepcluster_200e.py',
    '../_base_/default_runtime.py',
]

batch_size = 32
train_dataloader = dict(batch_size=batch_size)
