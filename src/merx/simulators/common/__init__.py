"""What every simulated provider needs: silence, the way out for notices, and a control interface for this machine."""
