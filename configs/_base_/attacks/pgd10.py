# The attack of Core-tuning's adversarial training (appendix C.4, table 5) and of its robust accuracy: PGD-10, linf of
# 4/255. For l2 of 0.5: adversarial.norm=l2 adversarial.epsilon=127.5 adversarial.step=31.875. The paper doesn't tell
# the step; 2.5 epsilon / steps is the usual one, of Madry et al. In eval mode BatchNorm has its running statistics while
# the images are attacked, which the paper doesn't tell either; model_mode='train' would take those of the batch.
adversarial_attack = dict(
    type='cft.PGD', norm='linf', epsilon=4.0, step=1.0, num_steps=10, random_start=True, model_mode='eval')
