"""Sociogram: user profiles from a social graph."""

__version__ = "0.1.0"
