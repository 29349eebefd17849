# RIFLE: cross-entropy; the classifier begins anew three times, with a cosine of its own in each of the four cycles.
# In its 40 epochs the paper does so every 10; its authors' code tried two to four cycles on each data set.
custom_hooks = [dict(type='cft.RIFLEHook', cycles=4)]
