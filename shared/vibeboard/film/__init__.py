"""What several rooms do to the same film: its look, its locks, its cut."""
