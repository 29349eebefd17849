# COIN as in configs/, of parts that hold every deviation of the released code as a switch, all of them off.
parts_head = dict(
    type='projects.released_code.ReleasedClsHead',
    bias=True,
    contrastive=dict(
        loss=dict(type='projects.released_code.ReleasedSupConLoss', divide_by_rows=False, keep_diagonal=False)
    ),
)
