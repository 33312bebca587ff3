"""The description of the interface, for programs and to try out."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from gridmap.api.security import CSRF_HEADER, PRIVATE

router = APIRouter(include_in_schema=False)

# Swagger UI keeps the key that "Authorize" is given in memory only; nothing is asked of another host.
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>gridmap API</title>
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/vendor/swagger-ui/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/static/vendor/swagger-ui/swagger-ui-bundle.js"></script>
<script nonce="{nonce}">
SwaggerUIBundle({{
  url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null,
  requestInterceptor(request) {{ request.headers["{header}"] = "{token}"; return request; }},
}});
</script>
</body>
</html>
"""


@router.get("/openapi.json")
def openapi(request: Request) -> dict[str, Any]:
    """The OpenAPI description."""
    described: dict[str, Any] = request.app.openapi()
    return described


@router.get("/docs")
def docs(request: Request) -> HTMLResponse:
    """Swagger UI from our own files, its start script allowed by this answer's nonce."""
    request.state.uses_nonce = True
    # A page of a session may try out changes too. The token is of our own making: base64url, nothing to escape.
    token = getattr(request.state, "csrf_token", "")
    page = _PAGE.format(nonce=request.state.nonce, header=CSRF_HEADER, token=token)
    return HTMLResponse(page, headers={"Cache-Control": PRIVATE})
