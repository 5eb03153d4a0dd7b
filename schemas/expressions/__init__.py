"""Expressions of forms: parsed and typed when a form is published, evaluated alike on the server and on tablets."""
