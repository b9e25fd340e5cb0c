"""The language of the search box: pure, without the store."""
