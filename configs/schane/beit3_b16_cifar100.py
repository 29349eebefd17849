_base_ = ['../ce/beit3_b16_cifar100.py', '../_base_/methods/schane.py']

model = dict(head=_base_.method_head)
train_dataloader = dict(dataset=dict(pipeline=_base_.two_view_pipeline))
