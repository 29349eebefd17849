# DELTA: cross-entropy + alpha times the weighted distance of the maps that end the backbone's stages to those of the
# frozen source network + beta/2 ||w_new||^2, in place of the optimiser's weight decay. The authors' script sums over
# batches of 64 with alpha 0.01 (0.1 for Stanford Dogs): 0.64 (6.4) for the mean over images.
method_regularizers = [dict(type='cft.DELTA', alpha=0.64, beta=0.01)]
