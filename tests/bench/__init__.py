"""The benchmark: its truth, its scores, its arms."""
