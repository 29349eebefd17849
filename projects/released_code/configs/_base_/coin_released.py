# All of them on.
released_head = dict(bias=False, contrastive=dict(loss=dict(divide_by_rows=True, keep_diagonal=True)))
