"""Devices: calibrations, native circuits, noise."""
