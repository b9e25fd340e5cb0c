"""Long texts: of errors, and of what runs have printed."""
