"""What is published about the classification data sets: where they come from, their parts and their counts."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """A folder or file of a data set, and how it is downloaded.

    Attributes:
        place: Its name in the folder of the data set.
        archive: Name of the archive that holds it; ``''`` for a file that is downloaded as it is.
        top: Folder of the archive that becomes ``place``; None: one of the same name; ``''``: the archive has none.
        marker: Pattern of a path that tells an unpacked folder from others of the same name.
        names: What unpacked folders may be called, beside ``place``.
        beside: Names at the top of the archive that nothing needs.
        md5: Sum of the archive, where the home page or torchvision tells it and every copy has it.
        is_file: Whether ``place`` is a file, at the top of the archive if it is in one.
    """

    place: str
    archive: str = ''
    top: str | None = None
    marker: str = '*'
    names: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    md5: str = ''
    is_file: bool = False


@dataclass(frozen=True)
class ImageSet:
    """A data set with one label for each image.

    Attributes:
        title: Name in the papers.
        classes: Number of classes.
        train: Number of training images; all of them are trained on.
        test: Number of images that results are reported on.
        page: Home page.
        licence: As far as the home page tells; what holds is what it says today.
        gigabytes: On the disk, about.
        parts: What it consists of.
        reading: Which split this is, and where the papers leave it open or differ.
    """

    title: str
    classes: int
    train: int
    test: int
    page: str
    licence: str
    gigabytes: float
    parts: tuple[Part, ...]
    reading: str


RESEARCH = 'non-commercial research and education'
INAT = 'https://github.com/visipedia/inat_comp/tree/master'
VGG = 'https://www.robots.ox.ac.uk/~vgg/data'

# Where the reading names no other source, the counts are those of Core-tuning, appendix C.2, table "datasets".
IMAGE_SETS = {
    'imagenet20': ImageSet(
        'ImageNet20',
        20,
        18494,
        7854,
        'https://github.com/fastai/imagenette',
        f'{RESEARCH} (that of ImageNet)',
        2.9,
        (
            Part('imagenette2', 'imagenette2.tgz', marker='val/n01440764'),
            Part('imagewoof2', 'imagewoof2.tgz', marker='val/n02086240'),
        ),
        'the ten classes of Imagenette and the ten of Imagewoof, second version, full size; train and val of both, '
        '9,469 + 9,025 and 3,925 + 3,929 images',
    ),
    'caltech101': ImageSet(
        'Caltech-101',
        102,
        3060,
        6084,
        'https://data.caltech.edu/records/mzrjq-6wc02 (unzip caltech-101.zip first)',
        'CC BY 4.0',
        0.2,
        (Part('101_ObjectCategories', '101_ObjectCategories.tar.gz', marker='BACKGROUND_Google'),),
        '30 images of each class for training, the other 6,084 for the test; the background counts as a class. No '
        'official list: the 30 are those whose names have the smallest SHA-256 with seed 0',
    ),
    'dtd': ImageSet(
        'DTD',
        47,
        3760,
        1880,
        f'{VGG}/dtd/',
        'research',
        0.6,
        (Part('dtd', 'dtd-r1.0.1.tar.gz', marker='labels/train1.txt', md5='fff73e5086ae6bdbea199a49dfb8a4c1'),),
        'the first of the ten official splits, train and val together for training',
    ),
    'aircraft': ImageSet(
        'FGVC Aircraft',
        100,
        6667,
        3333,
        f'{VGG}/fgvc-aircraft/',
        'non-commercial research',
        2.8,
        (Part('fgvc-aircraft-2013b', 'fgvc-aircraft-2013b.tar.gz', marker='data/images_variant_trainval.txt'),),
        'the official trainval and test, classes are the variants',
    ),
    'cars': ImageSet(
        'Stanford Cars',
        196,
        8144,
        8041,
        'https://ai.stanford.edu/~jkrause/cars/car_dataset.html (its links are dead; others hold copies)',
        f'{RESEARCH} (that of ImageNet)',
        1.9,
        (
            Part('cars_train', 'cars_train.tgz', marker='00001.jpg'),
            Part('cars_test', 'cars_test.tgz', marker='00001.jpg'),
            Part('devkit', 'car_devkit.tgz', marker='cars_meta.mat'),
            Part('cars_test_annos_withlabels.mat', is_file=True),
        ),
        'the official train and test',
    ),
    'pets': ImageSet(
        'Oxford-IIIT Pets',
        37,
        3680,
        3669,
        f'{VGG}/pets/',
        'CC BY-SA 4.0',
        0.8,
        (
            Part('images', 'images.tar.gz', marker='Abyssinian_1*.jpg'),
            Part('annotations', 'annotations.tar.gz', marker='trainval.txt'),
        ),
        'the official trainval and test. Core-tuning prints 3,369 test images, which no official list has; read as a '
        'misprint of 3,669',
    ),
    'flowers': ImageSet(
        'Oxford 102 Flowers, 80 % for training',
        102,
        6552,
        818,
        'https://s3.amazonaws.com/content.udacity-data.com/nd089/flower_data.tar.gz, also on Kaggle',
        'none stated',
        0.4,
        (Part('flower_data', 'flower_data.tar.gz', top='', marker='valid/102', names=('flowers', 'dataset')),),
        'train and valid of the copy of Udacity and Kaggle, whose counts are those that Core-tuning prints; its 819 '
        'test images are not used. Not the official split: see flowers102',
    ),
    'flowers102': ImageSet(
        'Oxford 102 Flowers, official',
        102,
        2040,
        6149,
        f'{VGG}/flowers/102/',
        'none stated',
        0.4,
        (
            Part('jpg', '102flowers.tgz', marker='image_00001.jpg', md5='52808999861908f626f3c1f4e79d11fa'),
            Part('setid.mat', is_file=True),
            Part('imagelabels.mat', is_file=True),
        ),
        'the official train and val, 1,020 images each, for training, and the official test (Nilsback and Zisserman, '
        '2008); SCHaNe and the linear suite name no other split',
    ),
    'inat18': ImageSet(
        'iNaturalist 2018',
        8142,
        437513,
        24426,
        f'{INAT}/2018',
        RESEARCH,
        120,
        (
            Part('train_val2018', 'train_val2018.tar.gz', marker='Aves', md5='b1c6952ce38f31868cc50ea72d066cc3'),
            Part('train2018.json', 'train2018.json.tar.gz', is_file=True, md5='bfa29d89d629cbf04d826a720c0a68b0'),
            Part('val2018.json', 'val2018.json.tar.gz', is_file=True, md5='f2ed8bfe3e9901cdefceb4e53cd3775d'),
        ),
        'the official train; reported on the official val, as the labels of the test are not published',
    ),
    'inat17': ImageSet(
        'iNaturalist 2017',
        5089,
        579184,
        95986,
        f'{INAT}/2017',
        RESEARCH,
        186,
        (
            Part('train_val_images', 'train_val_images.tar.gz', marker='Aves', md5='7c784ea5e424efaec655bd392f87301f'),
            Part('train2017.json', 'train_val2017.zip', is_file=True),
            Part('val2017.json', 'train_val2017.zip', is_file=True),
        ),
        'the official train; reported on the official val. Counts of the home page; SCHaNe writes of 5,087 classes',
    ),
    'caltech256': ImageSet(
        'Caltech-256',
        257,
        15420,
        15187,
        'https://data.caltech.edu/records/nyy15-4j048',
        'CC BY 4.0',
        1.2,
        (
            Part(
                '256_ObjectCategories',
                '256_ObjectCategories.tar',
                marker='257.clutter',
                md5='67b4f42ca05d46448c6bb8ecd2220f6d',
            ),
        ),
        '60 images of each class for training, the others for the test; clutter counts as a class. SCHaNe gives no '
        'counts. No official list: the 60 are those whose names have the smallest SHA-256 with seed 0',
    ),
    'cub': ImageSet(
        'CUB-200-2011',
        200,
        5994,
        5794,
        'https://data.caltech.edu/records/65de6-vp158',
        RESEARCH,
        1.2,
        (Part('CUB_200_2011', 'CUB_200_2011.tgz', marker='train_test_split.txt', beside=('attributes.txt',)),),
        'the official train and test. Counts of the home page',
    ),
    'places365': ImageSet(
        'Places365-Standard',
        365,
        1803460,
        36500,
        'http://places2.csail.mit.edu/download.html',
        'see the terms on the page',
        26,
        (Part('places365_standard', 'places365standard_easyformat.tar', marker='val/airfield'),),
        'the official train; reported on the official val, as the labels of the test are not published. Small images, '
        '256 x 256. Counts of the home page',
    ),
    'food101': ImageSet(
        'Food-101',
        101,
        75750,
        25250,
        'https://data.vision.ee.ethz.ch/cvl/datasets_extra/food-101/',
        'scientific fair use; the images belong to Foodspotting',
        5,
        (Part('food-101', 'food-101.tar.gz', marker='meta/train.txt', md5='85eeb15f3717b99a5da872d97d918f87'),),
        'the official train and test. Counts of the home page',
    ),
    'sun397': ImageSet(
        'SUN397',
        397,
        19850,
        19850,
        'https://vision.princeton.edu/projects/2010/SUN/',
        'none stated',
        38,
        (
            Part('SUN397', 'SUN397.tar.gz', marker='a/abbey', md5='8ca2778205c41d23104230ba66911c7a'),
            Part('Partitions', 'Partitions.zip', top='', marker='Training_01.txt'),
        ),
        'the first of the ten official splits, 50 images of each class for training and 50 for the test',
    ),
}

# Those that OpenMMLab's readers take in their own layout, without a table.
OTHER_SETS = {
    'cifar10': ImageSet(
        'CIFAR-10',
        10,
        50000,
        10000,
        'https://www.cs.toronto.edu/~kriz/cifar.html',
        'none stated',
        0.2,
        (Part('cifar-10-batches-py', 'cifar-10-python.tar.gz', marker='test_batch'),),
        'the official train and test',
    ),
    'cifar100': ImageSet(
        'CIFAR-100',
        100,
        50000,
        10000,
        'https://www.cs.toronto.edu/~kriz/cifar.html',
        'none stated',
        0.2,
        (Part('cifar-100-python', 'cifar-100-python.tar.gz', marker='test'),),
        'the official train and test, fine labels',
    ),
    'imagenet': ImageSet(
        'ImageNet',
        1000,
        1281167,
        50000,
        'https://image-net.org/download.php',
        f'{RESEARCH}, on request',
        145,
        (
            Part('train', 'ILSVRC2012_img_train.tar', marker='n0*/*.JPEG', md5='1d675b47d978889d74fa0da5fadfb00e'),
            Part('val', 'ILSVRC2012_img_val.tar', marker='n0*/*.JPEG', md5='29b22e2961454d5413ddabcf34fc5622'),
            Part(
                'ILSVRC2012_devkit_t12',
                'ILSVRC2012_devkit_t12.tar.gz',
                marker='data/meta.mat',
                md5='fa75699e90414af021442c21a62c3abf',
            ),
        ),
        'ILSVRC 2012, the official train; reported on the official val, as the labels of the test are not published',
    ),
    'voc07': ImageSet(
        'PASCAL VOC 2007, classification',
        20,
        5011,
        4952,
        'http://host.robots.ox.ac.uk/pascal/VOC/voc2007/',
        'the terms of Flickr',
        0.9,
        (Part('VOCdevkit', 'VOCtrainval_06-Nov-2007.tar'), Part('VOCdevkit', 'VOCtest_06-Nov-2007.tar')),
        'the official trainval and test; an image has several labels, some of them difficult',
    ),
}
