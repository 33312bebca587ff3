"""Vector tiles: what the snapshot holds, cut into squares of Web Mercator for map programs of others."""
