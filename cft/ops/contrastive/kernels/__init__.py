"""Triton kernels of the passes over similarities; its modules need triton, which nothing else imports."""
