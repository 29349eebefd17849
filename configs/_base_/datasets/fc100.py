# FC100 (Oreshkin et al., NeurIPS 2018): as CIFAR-FS, whole superclasses apart; 60, 20 and 20 classes.
_base_ = 'cifar_fs.py'

train_dataloader = dict(dataset=dict(classes_file='fc100/train'))
val_dataloader = dict(dataset=dict(classes_file='fc100/val'))
test_dataloader = dict(dataset=dict(classes_file='fc100/test'))
