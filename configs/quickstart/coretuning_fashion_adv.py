_base_ = ['coretuning_fashion.py', '../_base_/attacks/pgd10.py']

model = dict(adversarial=dict(_base_.adversarial_attack, epsilon=8.0, step=4.0, num_steps=5))
