# DeepCluster-v2 on images of your own, in folders of any layout: cft train deepcluster/folder data_root=FOLDER
_base_ = [
    '../_base_/models/auto_deepcluster.py',
    '../_base_/datasets/unlabelled_2crop.py',
    '../_base_/schedules/auto_ssl_200e.py',
    '../_base_/default_runtime.py',
]

# As in deepcluster_200e.py: LARS without exceptions.
recipes = dict(
    resnet=dict(
        optim_wrapper=dict(
            optimizer=dict(_delete_=True, type='cft.LARS', lr=0.6, momentum=0.9, weight_decay=1e-6, eta=0.001))))
custom_hooks = [dict(type='cft.ClusterHook')]
