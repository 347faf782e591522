"""Texts to vectors and keywords."""
