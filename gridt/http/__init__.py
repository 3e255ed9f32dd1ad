"""HTTP: the parts that all resources share."""
