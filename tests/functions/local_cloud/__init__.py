"""The functions as the local cloud runs them, on its stores."""
