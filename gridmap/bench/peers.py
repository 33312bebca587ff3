"""The peers that a server is measured beside: a bare answer, FastAPI's, and FastAPI in front of one PostGIS query."""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from psycopg_pool import ConnectionPool
from starlette.types import Receive, Scope, Send

HELLO = json.dumps({"hello": "world"}).encode()


async def bare_hello(scope: Scope, receive: Receive, send: Send) -> None:
    """The least an ASGI server can do."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(HELLO)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": HELLO})


def fastapi_hello() -> FastAPI:
    """FastAPI with one route that does nothing."""
    app = FastAPI()

    @app.get("/api/v1/locate")
    async def hello() -> dict[str, str]:
        return {"hello": "world"}

    return app


def fastapi_postgis() -> FastAPI:
    """FastAPI with psycopg and one indexed ST_Covers, which gives a code and nothing more."""
    url = os.environ["GRIDMAP_DATABASE_URL"].replace("postgresql+psycopg", "postgresql")
    pool = ConnectionPool(url, min_size=4, max_size=10, open=False)

    @asynccontextmanager
    async def opened(_: FastAPI) -> AsyncIterator[None]:
        pool.open()
        yield
        pool.close()

    app = FastAPI(lifespan=opened)
    statement = """
        SELECT code FROM grid_version
        WHERE valid_to IS NULL AND ST_Covers(geometry, ST_SetSRID(ST_MakePoint(%s, %s), 4490))
        ORDER BY code LIMIT 1
    """

    @app.get("/api/v1/locate")
    def locate(lon: float, lat: float) -> dict[str, str | None]:
        with pool.connection() as connection:
            row = connection.execute(statement, (lon, lat)).fetchone()
        return {"code": row[0] if row else None}

    return app
