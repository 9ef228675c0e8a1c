"""The functions that run inside AWS, against real servers."""
