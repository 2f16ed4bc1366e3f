"""Surveys the projects of a session in processes of their own, while the editor is served."""
