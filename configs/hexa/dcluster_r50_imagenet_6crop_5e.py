# HEXA_DCluster of figures 2 and 5: six crops, 5 epochs. Figure 2's mixes are the weights of model.hard_examples, figure
# 5's its alpha and beta; README.md has the commands. The paper names neither the batch nor the schedule of these short
# runs: they are those of two crops, batches of 256 without warm-up.
_base_ = [
    '../_base_/models/r50_deepcluster.py',
    '../_base_/datasets/imagenet_6crop.py',
    '../_base_/schedules/deepcluster_200e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='cft.HEXADCluster',
    hard_examples=dict(
        type='cft.HardExamples',
        adversarial_weight=1.,
        cutmix_weight=0.,
        adversarial_cutmix_weight=0.,
        epsilon=1,
        step=1,
        alpha=5.,
        beta=3.))
batch_size = 32  # of each of 8 GPUs, 256 in all
train_dataloader = dict(batch_size=batch_size)
epochs = 5
train_cfg = dict(max_epochs=epochs)
