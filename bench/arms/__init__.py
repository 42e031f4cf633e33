"""What decides about one camera: ours, and policies to compare it with."""
