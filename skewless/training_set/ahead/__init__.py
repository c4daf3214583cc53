"""What is settled before a build computes anything."""
