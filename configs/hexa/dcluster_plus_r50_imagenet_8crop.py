# HEXA+_DCluster of tables 1 to 3: adversarial and cut-mixed crops.
_base_ = ['./dcluster_r50_imagenet_8crop.py']

model = dict(hard_examples=dict(cutmix_weight=1.))
