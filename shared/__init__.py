"""What both services need: the domain, the wire models, the queue, the client, the spool, settings and logs."""
