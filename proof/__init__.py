"""The proof that the promises hold while everything around them breaks."""
