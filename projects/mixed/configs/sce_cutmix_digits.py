# SCE pre-training, and HEXA's cut-mixed queries beside it.
_base_ = ['../../../configs/quickstart/sce_digits.py']

model = dict(
    type='cft.HEXAMoCo', hard_examples=dict(type='cft.HardExamples', adversarial_weight=0.0, cutmix_weight=1.0)
)
