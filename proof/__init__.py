"""The proof: what shows that the promises hold while everything around them breaks."""
