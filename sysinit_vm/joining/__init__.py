"""How a project's own Taskfile and tasks.py gain our tasks."""
