"""What a person sets for a stack: typed, checked as a whole, and refused with every problem at once."""
