# Cross-entropy from random weights; what a pre-training is worth is judged by it.
_base_ = ['ce_fashion.py']

optim_wrapper = dict(optimizer=dict(lr=0.2, weight_decay=0.005))
