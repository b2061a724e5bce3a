"""How a command line is spelled, completed and explained: what the tasks and the console script share."""
