"""What other parts know of a delivery."""
