# Noisy-Tune: noise of 0.15 standard deviations on each pre-trained parameter before the first step.
# COIN's table 1 compares with it on top of SCL, and so does this config; alone: ce with these custom_hooks.
_base_ = 'scl.py'

custom_hooks = [dict(type='cft.NoisyTuneHook', intensity=0.15)]
