_base_ = ['../ce/r50_aircraft_rotated.py', '../_base_/methods/noisytune.py']

model = dict(head=_base_.method_head)
