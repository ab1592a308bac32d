"""Deterministic simulation of the job and ledger protocol: the real code, one step at a time, under every fault."""
