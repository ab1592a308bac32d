"""FastAPI plumbing: problems, principal, roles, idempotency, paging."""
