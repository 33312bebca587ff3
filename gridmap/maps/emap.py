"""The e-map: a Folium map of a division, complete without a network and without a basemap.

Folium builds the map, its layers, the layer switch and the basemaps. The data travel in a JSON island, and a script
of ours draws them with `textContent`: Folium's own popups are JavaScript templates, where a name can run code.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import folium
from branca.element import Element, Figure, MacroElement
from folium.template import Template

from gridmap.maps.escaping import script_json
from gridmap.resources import static_dir

TIANDITU = (("vec", "cva"), ("img", "cia"), ("ter", "cta"))
"""Tianditu's basemaps, each a picture and its lettering."""
_TIANDITU_URL = (
    "https://t{s}.tianditu.gov.cn/%(layer)s_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER=%(layer)s"
    "&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk=%(key)s"
)
_OVERLAYS = ("grids", "labels", "groups", "shelters")


@dataclass(frozen=True, slots=True)
class EMapParts:
    """What a page needs to show the map: links for its head, elements for its body, and an inline script (no tags)."""

    header: str
    html: str
    script: str


class _LocalMap(folium.Map):
    """A Folium map whose scripts and styles are ours, and whose page may be zoomed by those who need it."""

    default_js = [("leaflet", "/static/vendor/leaflet/leaflet.js")]  # noqa: RUF012 - folium's own declaration
    default_css = [("leaflet_css", "/static/vendor/leaflet/leaflet.css")]  # noqa: RUF012
    # Folium's own template forbids zooming the page, and writes inline scripts and styles into its head.
    _template = Template(
        """
        {% macro html(this, kwargs) %}
        <div class="folium-map" id={{ this.get_name()|tojson }} role="region" aria-label="{{ this.label|e }}"></div>
        {% endmacro %}
        {% macro script(this, kwargs) %}
        var {{ this.get_name() }} = L.map({{ this.get_name()|tojson }}, {
          center: {{ this.location|tojson }}, crs: L.CRS.{{ this.crs }}, ...{{ this.options|tojavascript }}
        });
        L.control.scale({imperial: false}).addTo({{ this.get_name() }});
        {% endmacro %}
        """
    )

    def __init__(self, label: str, **options: Any) -> None:
        super().__init__(**options)
        self.label = label


class _Drawing(MacroElement):
    """Hands the map, its layers and the data to static/js/emap.js."""

    _template = Template(
        """
        {% macro html(this, kwargs) %}
        <script type="application/json" id="emap-data">{{ this.data }}</script>
        <script type="application/json" id="emap-style">{{ this.style }}</script>
        {% endmacro %}
        {% macro script(this, kwargs) %}
        window.gridmapEmap = {map: {{ this._parent.get_name() }}, layers: {
          {%- for name, layer in this.layers.items() %}{{ name|tojson }}: {{ layer.get_name() }}, {% endfor -%}
        } };
        {% endmacro %}
        """
    )

    def __init__(self, data: Mapping[str, Any], layers: Mapping[str, folium.FeatureGroup]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "GridmapDrawing"
        self.data = script_json(data)
        self.style = script_json(load_style())
        self.layers = layers


def render(data: Mapping[str, Any], texts: Mapping[str, str], tianditu_key: str | None = None) -> EMapParts:
    """The parts of the e-map for a TopoJSON document of `mapdata.map_data`.

    `texts` names the map (`label`), its layers (`layer_…`) and basemaps (`base_…`). The same input gives the same
    output, element names included.
    """
    west, south, east, north = data["bbox"]
    middle = [(south + north) / 2, (west + east) / 2]
    emap = _LocalMap(texts["label"], location=middle, tiles=None, zoom_snap=0.25, prefer_canvas=True)
    if tianditu_key is not None:
        _add_basemaps(emap, texts, tianditu_key)
    layers = {}
    for name in _OVERLAYS:
        layers[name] = folium.FeatureGroup(name=texts[f"layer_{name}"])
        layers[name].add_to(emap)
    _Drawing(data, layers).add_to(emap)
    folium.LayerControl(collapsed=True).add_to(emap)
    emap.fit_bounds([[south, west], [north, east]], padding=(24, 24))
    figure = emap.get_root()
    assert isinstance(figure, Figure)  # noqa: S101 - every folium map makes itself one
    _name_by_order(figure)
    figure.render()
    figure.header._children.pop("meta_http", None)  # the page has said its encoding already
    return EMapParts(figure.header.render(), figure.html.render(), figure.script.render())


def load_style() -> dict[str, Any]:
    """The one style file, which every map and the printed sheets are drawn by."""
    style: dict[str, Any] = json.loads((static_dir() / "mapstyle.json").read_text(encoding="utf-8"))
    return style


def _add_basemaps(emap: folium.Map, texts: Mapping[str, str], key: str) -> None:
    """Tianditu's pairs as base layers beside the plain ground, which stays the one shown first."""
    folium.FeatureGroup(name=texts["base_none"], overlay=False).add_to(emap)
    for picture, lettering in TIANDITU:
        pair = _TilePair(texts[f"base_{picture}"], texts["credit"], (picture, lettering), key)
        pair.add_to(emap)


class _TilePair(folium.map.Layer):
    """A picture and its lettering as one base layer."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
        var {{ this.get_name() }} = L.layerGroup([
          {%- for url in this.urls %}L.tileLayer({{ url|tojson }}, {{ this.options|tojavascript }}), {% endfor -%}
        ]);
        {% endmacro %}
        """
    )

    def __init__(self, name: str, credit: str, layers: tuple[str, str], key: str) -> None:
        super().__init__(name=name, overlay=False, show=False)
        self._name = "Tianditu"
        self.urls = [_TIANDITU_URL % {"layer": layer, "key": key} for layer in layers]
        self.options = {
            "subdomains": "01234567", "minZoom": 1, "maxNativeZoom": 18, "maxZoom": 22, "attribution": credit,
        }  # fmt: skip


def _name_by_order(figure: Figure) -> None:
    """Numbers instead of folium's random names, so that the same content is the same page."""
    waiting: list[Element] = [figure]
    number = 0
    while waiting:
        element = waiting.pop(0)
        element._id = str(number)
        number += 1
        waiting += element._children.values()
