"""What others build on the service: generated clients, the documents' examples, the page at /docs."""
