"""Bodies with many items: read item by item; large ones in another process, since parsing holds the interpreter."""
