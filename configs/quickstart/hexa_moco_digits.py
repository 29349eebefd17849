# HEXA-MoCo with adversarial and cut-mixed queries, beside mocov2_digits.py. Three losses are summed; at MoCo-v2's
# learning rate of this setting the features collapse, hence a third of it.
_base_ = ['./mocov2_digits.py']

model = dict(
    type='cft.HEXAMoCo',
    hard_examples=dict(type='cft.HardExamples', adversarial_weight=1., cutmix_weight=1., epsilon=1, step=1))
optim_wrapper = dict(optimizer=dict(lr=0.05))
