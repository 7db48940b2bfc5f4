"""Power allocation in device-to-device networks with quantum graph neural networks."""

__version__ = "0.1.0"
