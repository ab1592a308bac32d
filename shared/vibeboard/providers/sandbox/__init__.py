"""Engines that compute a real result on the CPU, at no cost, from their input.

Everything they make carries a model name that begins with `sandbox/`.
"""
