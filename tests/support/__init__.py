"""What tests of several rooms share: independent oracles, short runs, made-up data, processes."""
