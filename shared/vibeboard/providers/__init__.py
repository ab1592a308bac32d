"""Ports to what makes words, pictures and sound, and one adapter per vendor."""
