"""Maps to look at: what is drawn of a division, in which colours, and the Folium e-map."""
