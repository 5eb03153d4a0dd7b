"""OData v4: the part of its queries that this server answers."""
