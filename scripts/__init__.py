"""What the commands beside this file are made of."""
