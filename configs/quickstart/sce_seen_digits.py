# SCE on the training images of the digits 0 to 4, for the *_new_digits.py beside it: the other five stay unseen.
_base_ = ['./sce_digits.py']

seen = ['0', '1', '2', '3', '4']
train_dataloader = dict(
    dataset=dict(_delete_=True, type='cft.ClassSubset', classes=seen, dataset=_base_.train_dataloader.dataset))
