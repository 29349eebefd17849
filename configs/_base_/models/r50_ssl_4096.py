# ResNet-50 with the two-layer projector of SCE's section 4.1 (ImageNet-100): hidden 4096, out 256.
_base_ = 'r50_ssl.py'

model = dict(neck=dict(hid_channels=4096, out_channels=256), feat_channels=256)
