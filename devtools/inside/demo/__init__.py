"""The eighteen months that the demo firm lives through, step by step, as the people of the firm would."""
