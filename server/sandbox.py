"""The sandbox payment provider as a process beside the server, with the secret that both derive."""

from server.payments.sandbox_service.serving import run_sandbox
from server.payments.signing import sandbox_secret
from server.settings import Settings
from server.telemetry.logs import set_up_logs
from server.web.secret import token_secret


def run_sandbox_beside(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, or until the parent is gone. Raises `PortBusy`."""
    set_up_logs(level=settings.log_level, as_json=settings.log_format == "json")
    host, port = settings.sandbox_address
    webhook_url = f"{settings.local_url}/v1/webhooks/sandbox"
    run_sandbox(host, port, settings.data, sandbox_secret(token_secret(settings)), webhook_url)
