"""Pictures of every page, on an hour of work that is made up: `python -m demo.screenshots --help`."""
