"""What the notebooks show: players, pictures, curves. Everything also works under papermill."""
