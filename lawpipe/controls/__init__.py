"""What the control policies are made with: weights that follow the run, tuned rates, searches, step lengths."""
