"""HTTP, once for all resources."""
