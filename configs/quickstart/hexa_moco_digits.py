# HEXA-MoCo with adversarial and cut-mixed queries, beside mocov2_digits.py.
_base_ = ['./mocov2_digits.py']

model = dict(
    type='cft.HEXAMoCo',
    hard_examples=dict(type='cft.HardExamples', adversarial_weight=1., cutmix_weight=1., epsilon=1, step=1))
