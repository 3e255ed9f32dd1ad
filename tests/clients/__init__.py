"""Generated clients, the examples of the documents, and the page at /docs."""
