"""Tests of the folder projects."""
