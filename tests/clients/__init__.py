"""Generated clients, the examples of documents, and /docs."""
