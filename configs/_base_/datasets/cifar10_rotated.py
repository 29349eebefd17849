_base_ = ['cifar10.py', 'rotations.py']

# The sides of 272 and 256 pixels belong together.
image_size = None
train_pipeline = [*_base_.rotated_crops, dict(type='PackInputs')]
two_view_pipeline = [
    dict(type='MultiView', num_views=2, transforms=[_base_.rotated_crops]),
    dict(type='PackInputs'),
]
test_pipeline = [*_base_.uncropped, dict(type='PackInputs')]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
