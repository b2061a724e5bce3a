"""What is wrong with this machine, this project and its VM, and the command that mends each."""
