"""The conformance kit: named checks of SPEC that any server is asked over HTTP, a judge between a client and a server."""
