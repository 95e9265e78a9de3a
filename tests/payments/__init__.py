"""The payment providers: our adapters, the sandbox service, and the pages it shows."""
