"""The image, built and run by `make image-test` (docs/image.md)."""
