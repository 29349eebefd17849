# ReSSL beside sce_digits.py: the relations without the own key.
_base_ = ['./sce_digits.py']

model = dict(
    type='cft.ReSSL', head=dict(_delete_=True, type='cft.ReSSLLoss', temperature=0.1, target_temperature=0.05))
