"""Is it alive, is it ready, how is it doing."""

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from server.errors import GateClosed, StoreUnavailable
from server.store.log import LogStore
from server.telemetry.metrics import exposition
from server.web.problems import problem


def health_routes(logs: LogStore) -> list[BaseRoute]:
    """Return `/healthz`, `/readyz` and `/metrics`."""

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def readyz(_: Request) -> Response:
        try:
            if (await logs.state()).epoch is None:
                return problem(GateClosed(retry_after_ms=1_000))
        except StoreUnavailable as error:
            return problem(error)
        return JSONResponse({"status": "ready"})

    async def metrics(_: Request) -> Response:
        return PlainTextResponse(exposition(), media_type="text/plain; version=0.0.4")

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]
