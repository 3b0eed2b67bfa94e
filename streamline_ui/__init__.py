"""The core of Streamline. It knows no pages; only `live` knows NiceGUI."""

__version__ = "0.1.0"
