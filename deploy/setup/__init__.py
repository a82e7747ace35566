"""Setting up: what `./run` does before our own packages exist. Standard library only."""
