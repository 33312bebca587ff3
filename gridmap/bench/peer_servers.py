"""Peers that serve grids from PostGIS over HTTP, run by their own Python on an inherited socket.

    python peer_servers.py NAME SOCKET HOST PORT DATABASE USER

They are told where the table is, and nothing else: what each has by default is what is measured.
"""

import json
import os
import socket
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote

TABLE, KEY = "grid_version", "code"
_CGCS2000 = "http://www.opengis.net/def/crs/EPSG/0/4490"


def tipg(host: str, port: str, database: str, user: str) -> Any:
    """tipg, which finds its tables by itself."""
    os.environ["DATABASE_URL"] = f"postgresql://{user}@{quote(host, safe='')}:{port}/{database}"
    os.environ["TIPG_DB_TABLES"] = json.dumps([f"public.{TABLE}"])
    return import_module("tipg.main").app


def pygeoapi(host: str, port: str, database: str, user: str) -> Any:
    """pygeoapi with its PostgreSQL provider."""
    folder = Path(tempfile.mkdtemp(prefix="pygeoapi-"))
    config, description = folder / "config.yml", folder / "openapi.yml"
    # JSON is YAML.
    config.write_text(json.dumps(_pygeoapi_config(port, database, user)))
    os.environ["PYGEOAPI_CONFIG"], os.environ["PYGEOAPI_OPENAPI"] = str(config), str(description)
    # The path of a socket has no place in the address that it makes of its configuration.
    os.environ["PGHOST"] = host
    openapi = import_module("pygeoapi.openapi")
    description.write_text(openapi.generate_openapi_document(config, "yaml"))
    return import_module("pygeoapi.starlette_app").APP


def _pygeoapi_config(port: str, database: str, user: str) -> dict[str, Any]:
    provider = {
        "type": "feature",
        "name": "PostgreSQL",
        "data": {"port": int(port), "dbname": database, "user": user},
        "table": TABLE,
        "id_field": KEY,
        "geom_field": "geometry",
        "crs": [_CGCS2000],
        "storage_crs": _CGCS2000,
    }
    words = {"title": "grids", "description": "grids", "keywords": ["grids"]}
    license_ = {"name": "none", "url": "http://127.0.0.1/"}
    return {
        "server": {
            "bind": {"host": "127.0.0.1", "port": 80},
            "url": "http://127.0.0.1",
            "mimetype": "application/json; charset=UTF-8",
            "encoding": "utf-8",
            "languages": ["en-US"],
            "limits": {"default_items": 10, "max_items": 10},
            "map": {"url": "http://127.0.0.1/", "attribution": "none"},
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": {**words, "keywords_type": "theme", "terms_of_service": "none", "url": license_["url"]},
            "license": license_,
            "provider": license_,
            "contact": {"name": "none"},
        },
        "resources": {
            "grids": {
                "type": "collection",
                **words,
                "links": [],
                "extents": {"spatial": {"bbox": [-180, -90, 180, 90]}},
                "providers": [provider],
            }
        },
    }


PEERS = {"tipg": tipg, "pygeoapi": pygeoapi}
PATHS = {
    "tipg": f"/collections/public.{TABLE}/items?limit=1&properties={KEY}&bbox={{0}},{{1}},{{0}},{{1}}",
    # In the table's own system: what is asked in another is turned round, and nothing is found.
    "pygeoapi": "/collections/grids/items?f=json&limit=1&skipGeometry=true&bbox={0},{1},{0},{1}&bbox-crs=" + _CGCS2000,
}
"""How each is asked for the grid at a longitude and a latitude, and for no more than it has to tell."""


def main(name: str, handle: str, *place: str) -> None:
    """Serves until it is told to stop."""
    uvicorn = import_module("uvicorn")
    config = uvicorn.Config(PEERS[name](*place), log_level="error", access_log=False)
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(handle))])


if __name__ == "__main__":
    main(*sys.argv[1:])
