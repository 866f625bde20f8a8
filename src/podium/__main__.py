"""`python -m podium`: the same as the `podium` command."""

from podium.app import main

main()
