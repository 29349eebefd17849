_base_ = ['r50_dtd.py', '../_base_/attacks/pgd10.py']

model = dict(adversarial=_base_.adversarial_attack)
