# Clean and adversarial images in one step. PGD-5, as the published PGD-10 would be most of a run; linf of 24/255.
_base_ = ['coretuning_digits.py', '../_base_/attacks/pgd10.py']

model = dict(adversarial=dict(_base_.adversarial_attack, epsilon=24.0, step=12.0, num_steps=5))
