_base_ = 'domains.py'

data_root = 'data/VLCS'
# The one that is held out; tools/leave_one_domain_out.py takes each in turn.
test_domain = 'Caltech101'
domain_folder = dict(data_root=data_root, domains=['Caltech101', 'LabelMe', 'SUN09', 'VOC2007'], test_domain=test_domain)
train_dataloader = dict(dataset=domain_folder)
val_dataloader = dict(dataset=domain_folder)
test_dataloader = dict(dataset=domain_folder)
