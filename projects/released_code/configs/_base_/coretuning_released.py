# All of them on.
released_head = dict(
    bias=False,
    detach_originals=True,
    contrastive=dict(
        detach_originals=True,
        loss=dict(divide_by_rows=True, labelled_mixtures=True, all_anchors=True),
        pairs=dict(zero_masked=True, any_partner=True),
    ),
)
