"""Profiles over HTTP: `sociogram serve`."""
