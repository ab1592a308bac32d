"""Paid work, submitted at most once: reserve, submit, settle."""
