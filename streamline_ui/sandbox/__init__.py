"""Stand-ins for the services, with their own rules and with faults on demand."""
