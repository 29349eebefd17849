# RIFLE: cross-entropy; the classifier begins anew three times, with a cosine of its own in each of the four cycles.
# Its authors' code tried two to four cycles on each data set.
custom_hooks = [dict(type='cft.RIFLEHook', cycles=4)]
