# HEXA-DCluster with adversarial and cut-mixed views, beside deepcluster_digits.py.
_base_ = ['./deepcluster_digits.py']

model = dict(
    type='cft.HEXADCluster',
    hard_examples=dict(type='cft.HardExamples', adversarial_weight=1., cutmix_weight=1., epsilon=1, step=1))
