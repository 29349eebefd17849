# L2-SP: cross-entropy + alpha/2 ||w - w0||^2 over the backbone + beta/2 ||w_new||^2 over the new layers, in place of
# the optimiser's weight decay. alpha and beta are those of the authors' script (TransferLearningClassification,
# train.sh); the paper chooses alpha by cross-validation.
method_regularizers = [dict(type='cft.L2SP', alpha=0.1, beta=0.01)]
