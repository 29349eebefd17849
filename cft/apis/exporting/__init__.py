"""A trained model as a file that needs no cft."""
