"""A demonstration: a few tasks run on an installation that is thrown away afterwards."""
