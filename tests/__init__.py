"""Tests. A package, because a vendor's wheel brings a `tests` of its own, which would hide this folder."""
