# Core-tuning as in configs/, of parts that hold every deviation of the released code as a switch, all of them off.
parts_head = dict(
    type='projects.released_code.ReleasedClsHead',
    bias=True,
    detach_originals=False,
    contrastive=dict(
        type='projects.released_code.ReleasedBranch',
        detach_originals=False,
        loss=dict(
            type='projects.released_code.ReleasedSupConLoss',
            focal=True,
            divide_by_rows=False,
            labelled_mixtures=False,
            all_anchors=False,
        ),
        pairs=dict(type='projects.released_code.ReleasedHardPairMixup', zero_masked=False, any_partner=False),
    ),
)
