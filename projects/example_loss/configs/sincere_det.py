_base_ = ['../../../configs/quickstart/ce_det.py', 'sincere.py']

model = dict(roi_head=_base_.method_head)
