"""The engine: training under a policy, and differentiating through it."""
