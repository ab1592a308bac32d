"""Content credentials (C2PA): who signs, and what is written into and read out of the media."""
