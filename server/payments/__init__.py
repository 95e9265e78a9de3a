"""Payment providers: the port and its adapters."""
