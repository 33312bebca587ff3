"""Grids and household groups: coded polygons that tile a village, and the neighbours who look after each other."""
