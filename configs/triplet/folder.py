_base_ = ['../ce/folder.py', '../_base_/methods/triplet.py']

model = dict(head=_base_.method_head)
