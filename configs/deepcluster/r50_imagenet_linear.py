# The linear probe that HEXA's appendix B takes for DeepCluster-v2 and HEXA_DCluster: --cfg-options checkpoint=FILE
_base_ = [
    '../_base_/models/r50_linear.py',
    '../_base_/datasets/imagenet_linear.py',
    '../_base_/schedules/linear_hexa_dcluster_100e.py',
    '../_base_/default_runtime.py',
]

model = dict(head=dict(num_classes=1000))
