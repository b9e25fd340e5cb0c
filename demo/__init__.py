"""A demonstration: a few tasks on an installation for one use."""
