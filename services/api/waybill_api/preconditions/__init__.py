"""Entity tags and If-Match (RFC 9110, 13)."""
