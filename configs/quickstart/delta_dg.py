_base_ = ['ce_dg.py', '../_base_/methods/delta.py']

# Where nothing is pre-trained, the running statistics of the source's norms are those of no image, and maps differ much.
method_regularizers = _base_.method_regularizers
method_regularizers[0].update(alpha=0.01)
model = dict(regularizers=method_regularizers)
# DELTA takes the place of weight decay.
optim_wrapper = dict(optimizer=dict(weight_decay=0.0))
