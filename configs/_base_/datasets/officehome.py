_base_ = 'domains.py'

data_root = 'data/OfficeHome'
# The one that is held out; tools/leave_one_domain_out.py takes each in turn.
test_domain = 'Art'
domain_folder = dict(data_root=data_root, domains=['Art', 'Clipart', 'Product', 'RealWorld'], test_domain=test_domain)
train_dataloader = dict(dataset=domain_folder)
val_dataloader = dict(dataset=domain_folder)
test_dataloader = dict(dataset=domain_folder)
