"""Pages: server-rendered, in Chinese or English, with no script or style from elsewhere."""
