# What Core-tuning's and COIN's code do alike on CIFAR-10, given in values of 0 to 1: 0.507, 0.487, 0.441 and 0.267,
# 0.256, 0.276. These are the statistics of CIFAR-100.
released_statistics = dict(mean=[129.3, 124.2, 112.5], std=[68.1, 65.3, 70.4])
# 256 images a step, in batches that BatchNorm, mining and contrast see one by one.
released_batch = 64
released_accumulation = 4
