# The same commands a person would type: build the pages, install the locked packages, run as nobody special.
FROM node:20-bookworm-slim AS pages
WORKDIR /src/client_demo/web
COPY client_demo/web/package.json client_demo/web/package-lock.json client_demo/web/.npmrc ./
RUN npm ci --no-fund --no-audit
COPY client_demo/web ./
RUN npm run build

FROM python:3.11-slim-bookworm
ENV PYTHONUNBUFFERED=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /srv/giftwave
COPY requirements.lock ./
RUN pip install --require-hashes -r requirements.lock
COPY pyproject.toml README.md ./
COPY server server
COPY client_demo client_demo
COPY --from=pages /src/client_demo/web/dist client_demo/web/dist
RUN pip install --no-deps --no-build-isolation --editable . \
 && useradd --system --uid 10001 --home-dir /var/lib/giftwave --create-home giftwave
USER giftwave
ENV GIFTWAVE_HOST=0.0.0.0 GIFTWAVE_PORT=8080 GIFTWAVE_DATA=/var/lib/giftwave GIFTWAVE_LOG_FORMAT=json
VOLUME /var/lib/giftwave
EXPOSE 8080 9080
HEALTHCHECK --interval=5s --timeout=3s --start-period=15s --retries=5 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/readyz', timeout=2)"]
STOPSIGNAL SIGTERM
CMD ["giftwave", "serve"]
