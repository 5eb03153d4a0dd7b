"""The conformance kit: named checks of SPEC that any server can be asked over HTTP, whatever it is written in."""
