"""The image, built and run; `make image-test` does it (docs/image.md)."""
