"""Files in and out: reading what people hand over, saying what was made of it, and writing what others read."""

from gridmap.geo import arrow as arrow
