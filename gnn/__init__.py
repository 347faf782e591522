"""Learning on the snapshot: HeteroSAGE, heads, priors, training, calibration, inference."""
