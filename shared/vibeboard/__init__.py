"""VibeBoard: the production office of an AI film studio. What more than one function needs lives here."""

__version__ = "3.0.0"
