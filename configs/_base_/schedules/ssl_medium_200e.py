# ssl_200e.py for images of medium size (STL-10, Tiny-ImageNet): the momentum is 0.996, as in ReSSL's recipe.
_base_ = 'ssl_200e.py'

custom_hooks = [dict(type='cft.MomentumUpdateHook', momentum=0.996, schedule='constant')]
