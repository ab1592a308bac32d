"""Pure rules: no AWS, no HTTP, no vendor, no process."""
