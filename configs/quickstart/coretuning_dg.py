_base_ = ['ce_dg.py', '../_base_/methods/coretuning.py']

model = dict(head=_base_.method_head)
# On the training domains' validation images the smooth classifier costs accuracy here; see the README.
model['head'].update(smooth_classifier=False)
