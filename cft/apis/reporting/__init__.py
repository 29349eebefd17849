"""Pages and figures of one run or of several."""
