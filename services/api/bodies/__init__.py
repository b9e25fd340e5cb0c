"""Bodies of many items: read item by item, and large ones in another process, since parsing holds the interpreter."""
