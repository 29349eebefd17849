# ViT-B/16 by SCHaNe's recipe (table 2): dropout 0.1 as its other networks, no stochastic depth.
_base_ = 'vit_b16_cls.py'

model = dict(backbone=dict(drop_rate=0.1, drop_path_rate=0.))
