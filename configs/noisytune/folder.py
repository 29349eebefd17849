_base_ = ['../ce/folder.py', '../_base_/methods/noisytune.py']

model = dict(head=_base_.method_head)
