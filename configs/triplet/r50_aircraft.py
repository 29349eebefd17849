_base_ = ['../ce/r50_aircraft.py', '../_base_/methods/triplet.py']

model = dict(head=_base_.method_head)
