"""HTTP, WebSocket, authentication and pages: the only layer that knows a status or a close code."""
