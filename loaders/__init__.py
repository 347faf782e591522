"""Sources to checked tables to the graph."""

from sociogram.loaders.csv_files import csv, frames
from sociogram.loaders.demo import demo
from sociogram.loaders.jargon import jargon
from sociogram.loaders.lastfm import lastfm
from sociogram.loaders.network import networkx
from sociogram.loaders.stackexchange import stackexchange

__all__ = ["csv", "demo", "frames", "jargon", "lastfm", "networkx", "stackexchange"]
