"""What the service says of itself to those who monitor it."""

from gridt.monitoring import operation_counters
from gridt.monitoring.service_gauges import service_gauges

__all__ = ["operation_counters", "service_gauges"]
