"""What is wrong with a home, and copies of it: fsck, backup, restore."""
