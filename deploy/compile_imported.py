"""Import everything of the server once, so that Python keeps the bytecode of what is used, and of nothing else.

Whoever runs the server may not write where it is installed; to compile all of its libraries would take 30 MB more.
"""

import importlib
import pkgutil

import apprise

LATER = ("sqlalchemy.dialects.postgresql.psycopg", "sqlalchemy.dialects.sqlite.pysqlite", "alembic.command")

for package in map(importlib.import_module, ("server", "schemas", "sync_protocol", "seed_data")):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.", onerror=lambda name: None):
        if not module.name.endswith(".__main__") and ".migrations" not in module.name:
            try:
                importlib.import_module(module.name)
            except ImportError:
                continue  # it builds the app, and is used where that is done
for name in LATER:
    importlib.import_module(name)
apprise.Apprise().add("mailto://user:word@localhost")  # its channels are loaded with the first
