_base_ = ['ce_seg.py', '../_base_/methods/coretuning.py']

model = _base_.method_head
# From scratch and in 1,000 steps the smooth classifier costs accuracy here; see the README. 32 pixels suffice.
model.update(smooth_classifier=False, pixel_sampler=dict(type='cft.PixelSampler', pixels_per_image=32))
