"""What whoever watches the service asks for."""

from gridt.monitoring.service_gauges import service_gauges

__all__ = ["service_gauges"]
