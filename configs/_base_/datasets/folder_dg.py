# Folders <domain>/<class>/ below data_root; domains and classes are found by their names.
# On the command line: --cfg-options data_root=FOLDER test_domain=NAME
_base_ = 'domains.py'

data_root = 'data/domains'
# The one that is held out; tools/leave_one_domain_out.py takes each in turn.
test_domain = None
domain_folder = dict(data_root=data_root, test_domain=test_domain)
# Shared equally by the training domains; DomainBed takes 32 images of each.
batch_size = 96
train_dataloader = dict(batch_size=batch_size, dataset=domain_folder)
val_dataloader = dict(dataset=domain_folder)
test_dataloader = dict(dataset=domain_folder)
