"""python -m sociogram"""

from sociogram.cli import main

main()
