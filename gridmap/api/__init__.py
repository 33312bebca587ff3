"""HTTP: routers translate requests to services and answers to JSON or pages."""
