"""The sandbox provider: a payment provider of our own, with a real checkout page and real webhooks, and no money."""

from server.payments.sandbox_service.serving import run_sandbox as run_sandbox
