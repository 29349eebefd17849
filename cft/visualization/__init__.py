"""Tables, figures and the pages that show runs and comparisons of methods.

Its modules are imported by those that draw: matplotlib takes its time.
"""
