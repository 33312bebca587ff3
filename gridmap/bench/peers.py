"""The peers that a server is measured beside: a bare answer, FastAPI's, and FastAPI in front of one PostGIS query."""

import io
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pyarrow as pa
import pyarrow.csv
from fastapi import FastAPI, Request, Response
from psycopg_pool import ConnectionPool
from starlette.types import ASGIApp, Receive, Scope, Send

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


def hello_app() -> ASGIApp:
    """The same from a factory."""
    return bare_hello


def fastapi_hello() -> FastAPI:
    """FastAPI with one route that does nothing."""
    app = FastAPI()

    @app.get("/api/v1/locate")
    async def hello() -> dict[str, str]:
        return {"hello": "world"}

    return app


def echo() -> FastAPI:
    """FastAPI with two routes that send back the table they were sent: as it is, or read and written by pyarrow."""
    app = FastAPI()

    @app.post("/echo")
    async def back(request: Request) -> Response:
        return Response(await request.body(), media_type=request.headers["content-type"])

    @app.post("/parsed")
    async def parsed(request: Request) -> Response:
        body, kind = await request.body(), request.headers["content-type"]
        sink = io.BytesIO()
        if kind == "text/csv":
            pa.csv.write_csv(pa.csv.read_csv(io.BytesIO(body)), sink)
        else:
            table = pa.ipc.open_stream(body).read_all()
            with pa.ipc.new_stream(sink, table.schema) as writer:
                writer.write_table(table)
        return Response(sink.getvalue(), media_type=kind)

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
