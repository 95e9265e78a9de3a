"""Is it alive, is it ready, how is it doing."""

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from server.errors import StoreUnavailable
from server.store.client import StoreClient
from server.telemetry.metrics import exposition
from server.web.problems import problem


def health_routes(client: StoreClient) -> list[BaseRoute]:
    """Return `/healthz`, `/readyz` and `/metrics`."""

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def readyz(_: Request) -> Response:
        try:
            await client.ping()
        except StoreUnavailable as error:
            return problem(error)
        return JSONResponse({"status": "ready"})

    async def metrics(_: Request) -> Response:
        return PlainTextResponse(exposition(), media_type="text/plain; version=0.0.4")

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]
