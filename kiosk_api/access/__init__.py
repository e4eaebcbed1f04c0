"""Who may speak to the service: bearer tokens with roles, for devices and services."""
