_base_ = 'domains.py'

data_root = 'data/PACS'
# The one that is held out; tools/leave_one_domain_out.py takes each in turn.
test_domain = 'art_painting'
domain_folder = dict(data_root=data_root, domains=['art_painting', 'cartoon', 'photo', 'sketch'], test_domain=test_domain)
train_dataloader = dict(dataset=domain_folder)
val_dataloader = dict(dataset=domain_folder)
test_dataloader = dict(dataset=domain_folder)
