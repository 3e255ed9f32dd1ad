"""Monitoring: the figures of the service for its metrics."""

from gridt.monitoring import operation_counters
from gridt.monitoring.service_gauges import service_gauges

__all__ = ["operation_counters", "service_gauges"]
