"""What each stage of a cell does, once it is a process of its own."""
