# SCHaNe's ablation (table 3): its supervised contrastive loss without weights of negatives, in the same place.
_base_ = ['./schane_new_digits.py']

model = dict(head=dict(contrastive=dict(loss=dict(type='cft.SupConLoss', temperature=0.5))))
