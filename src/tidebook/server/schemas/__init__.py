"""What the server answers with: one model for each shape, from which the OpenAPI document is made."""
