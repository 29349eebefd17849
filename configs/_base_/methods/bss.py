# BSS: cross-entropy + eta times the square of the smallest singular value of the batch's features, k = 1, eta = 0.001.
method_regularizers = [dict(type='cft.BSS', k=1, weight=0.001, gather=True)]
