"""The user's terminal: messages, tables, progress and questions."""
