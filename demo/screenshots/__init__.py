"""Pictures of every page, with a made-up hour of work: `python -m demo.screenshots --help`."""
