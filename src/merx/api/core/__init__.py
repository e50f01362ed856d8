"""What every feature of the API shares: calls, reading, writing, the description."""
