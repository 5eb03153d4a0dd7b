"""The guides: Markdown in `texts`, and the endpoint that serves them and what integrators read as pages under `/docs`."""
