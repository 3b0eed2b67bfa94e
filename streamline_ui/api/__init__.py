"""The REST interface: one thin file per resource."""
