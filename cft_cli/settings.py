"""The short names of settings, one line each, as the help of the commands shows them.

It imports nothing, so that help is answered at once; what they reach stands in
``cft.engine.shortcuts``, and the tests hold the two together.
"""

SHORT_NAMES = {
    'data_root': 'folder of the data; for classification also a table path,label in a .csv or .tsv file',
    'checkpoint': 'file of the weights to start from; None: random ones',
    'backbone': 'the network: auto takes that of the checkpoint; resnet18, timm/convnext_tiny and others by name',
    'work_dir': 'folder for logs and checkpoints; default: work_dirs/<method>/<config>',
    'image_size': 'side of the images that the network sees, in pixels',
    'batch_size': 'images of each process in a training step',
    'epochs': 'length of the training; learning rates follow it',
    'normalization': 'backbone: as it was pre-trained; dataset: mean and deviation are measured on the training images',
    'value_range': 'values of black and white in images of more than 8 bits, such as 0,4095; dataset measures them',
    'group_by': 'folder, or a column: what belongs together, such as a patient, is not divided by a validation split',
    'test_domain': 'the domain that is held out, in all splits',
    'test_fraction': 'part of the training images that is held out for the test where there is no test split',
    'image_folder': 'folder of the images below data_root, where they have masks; None: found by its name',
    'mask_folder': 'folder of the masks likewise',
    'classes': 'names of the classes in masks, or a file with one a line',
    'foreground': 'value of the object in masks of two values',
    'reduce_zero_label': 'True: pixels of label 0 belong to no class',
    'label_format': 'kind of the labels of boxes: coco, voc or yolo; None: found by looking',
    'label_frame': 'stored or shown: which way up labels of turned images are',
    'tracker': 'tensorboard, wandb or mlflow: records the run, on this machine alone',
}


def described_names() -> str:
    """The names as a block of lines for the end of a help text.

    Example:
        >>> described_names().splitlines()[1].split()[0]
        'data_root'
    """
    width = max(map(len, SHORT_NAMES))
    lines = [f'  {name:<{width}}  {line}' for name, line in SHORT_NAMES.items()]
    return '\n'.join(
        ['short names of settings, where the config has them:', *lines, '', 'Any other is given by its dotted name.']
    )
