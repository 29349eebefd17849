# Clean and adversarial images in one step.
_base_ = ['scl_digits.py', '../_base_/attacks/pgd10.py']

model = dict(adversarial=dict(_base_.adversarial_attack, epsilon=16.0, step=4.0))
