# DeepCluster-v2 with multi-crop: 2 x 224 and 6 x 96 pixels, batches of 4096 on 64 GPUs, 200 epochs.
_base_ = [
    '../_base_/models/r50_deepcluster.py',
    '../_base_/datasets/imagenet_8crop.py',
    '../_base_/schedules/deepcluster_8crop_200e.py',
    '../_base_/default_runtime.py',
]
