"""Measures of a config and a checkpoint in every task."""
