"""How the Stripe library reaches Stripe: our httpx, with our deadlines."""

import asyncio
from collections.abc import Mapping

import httpx
import stripe


class StripeHttp(stripe.HTTPClient):
    """One httpx client for all calls. The library's own passes text in a way that httpx is giving up."""

    name = "httpx"

    def __init__(self, *, timeout_s: float) -> None:
        super().__init__()
        self._timeout_s = timeout_s
        self._client = httpx.AsyncClient(timeout=timeout_s)

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: str | None = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Send one request; the library decides whether there is another."""
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._client.request(method, url, headers=headers, content=post_data)
        except (httpx.RequestError, TimeoutError) as error:
            sentence = f"No answer from Stripe: {error!r}"
            raise stripe.APIConnectionError(sentence, should_retry=True) from error  # type: ignore[no-untyped-call]
        return answer.content, answer.status_code, answer.headers

    async def sleep_async(self, secs: float) -> None:
        """Wait between two tries."""
        await asyncio.sleep(secs)

    async def close_async(self) -> None:
        """Close connections."""
        await self._client.aclose()
