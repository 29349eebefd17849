_base_ = ['../ce/r50_pets.py', '../_base_/methods/noisytune.py']

model = dict(head=_base_.method_head)
