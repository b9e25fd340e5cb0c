"""How long the pages take at size: every page of the web interface, and every call that it makes."""
