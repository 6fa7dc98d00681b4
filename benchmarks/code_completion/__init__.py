"""How well code is completed: tasks with tests, the writers compared, a place to run what they wrote, figures."""
