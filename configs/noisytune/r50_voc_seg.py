_base_ = ['../ce/r50_voc_seg.py', '../_base_/methods/noisytune.py']

model = _base_.method_head
