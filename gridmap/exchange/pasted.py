"""Places that people paste: two numbers, a WeChat, Tencent or Amap link; each in the system that its source has."""

import re
from typing import NamedTuple
from urllib.parse import unquote

from gridmap.errors import InvalidInput
from gridmap.geo.crs import Crs, point_to_lonlat
from gridmap.geo.lonlat import LonLat

_N = r"([-+]?[0-9]{1,3}(?:\.[0-9]+)?)"
_PAIR = re.compile(rf"^[\s(（\[]*{_N}\s*°?\s*[NSEWnsew]?[\s,，;；/]+{_N}\s*°?\s*[NSEWnsew]?[\s)）\]]*$")
_LAT_LON_LINK = re.compile(rf"(?:coord:|center=|latlng=|@){_N},{_N}")
_LON_LAT_LINK = re.compile(rf"(?:position=|lnglat=|location=){_N},{_N}")
_LAT = re.compile(rf"(?:latitude|lat|纬度|x)[\"'=:： ]+{_N}", re.IGNORECASE)
_LON = re.compile(rf"(?:longitude|lng|lon|经度|y)[\"'=:： ]+{_N}", re.IGNORECASE)
_CHINESE_MAPS = re.compile(r"qq\.com|amap\.com|autonavi|weixin|wechat|微信|高德|腾讯|位置", re.IGNORECASE)


class Pasted(NamedTuple):
    """A place, and what was assumed of it: the system it is in, and that its numbers stood the other way round."""

    point: LonLat
    crs: str
    swapped: bool


def read_place(text: str) -> Pasted | None:
    """The place in a text; None when it holds none.

    >>> read_place("103.507, 34.589"), read_place("34.589，103.507").swapped
    (Pasted(point=LonLat(lon=103.507, lat=34.589), crs='EPSG:4490', swapped=False), True)
    >>> read_place("https://apis.map.qq.com/uri/v1/marker?marker=coord:34.589,103.507;title:x").crs
    'gcj02'
    """
    shown = unquote(text.strip())
    crs = "gcj02" if _CHINESE_MAPS.search(shown) else "EPSG:4490"
    if pair := _PAIR.match(shown):
        first, second = float(pair[1]), float(pair[2])
        # Nothing in China is further north than 54°, or further west than 73°.
        swapped = abs(first) <= 60 < abs(second)
        return _pasted(second, first, crs, swapped=True) if swapped else _pasted(first, second, crs)
    if link := _LON_LAT_LINK.search(shown):
        return _pasted(float(link[1]), float(link[2]), crs)
    if link := _LAT_LON_LINK.search(shown):
        return _pasted(float(link[2]), float(link[1]), crs)
    lat, lon = _LAT.search(shown), _LON.search(shown)
    return _pasted(float(lon[1]), float(lat[1]), crs) if lat and lon else None


def _pasted(lon: float, lat: float, crs: str, *, swapped: bool = False) -> Pasted | None:
    try:
        return Pasted(point_to_lonlat(Crs.parse(crs), lon, lat), crs, swapped)
    except InvalidInput:
        return None
