"""What the service runs on: settings, time, databases, logs and metrics."""
