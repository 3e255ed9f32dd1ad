"""The basis of the service.

It has the settings, time, databases, logs and metrics.
"""
