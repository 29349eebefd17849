_base_ = ['../ce/r50_folder_det.py', '../_base_/methods/noisytune.py']

model = dict(roi_head=_base_.method_head)
