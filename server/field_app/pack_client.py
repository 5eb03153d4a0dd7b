"""Pack the app's lower floors as `@gongdi/client`: `python -m server.field_app.pack_client DIR`.

1 bundle `src/client.ts`; 2 write its types; 3 lay `clients/javascript` around them, with the version of the protocol and
the dependencies that the bundle imports, as the app has them; 4 `npm pack` into DIR.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
from pathlib import Path

from server.field_app import HOME
from server.field_app.build import npm, prepare
from sync_protocol import __version__

ROOT = HOME.parents[1]
_IMPORTED = re.compile(r"""(?:from|import)\s*\(?\s*["']((?:@[\w-]+/)?[\w-]+)["']""")


def pack_client(into: Path) -> Path:
    """The tarball. Raises CalledProcessError."""
    prepare()
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        package = Path(made) / "package"
        shutil.copytree(ROOT / "clients" / "javascript", package)
        shutil.copy(ROOT / "LICENSE", package)
        npm(
            "exec",
            "--",
            "vite",
            "build",
            "-c",
            "vite.client.config.ts",
            "--outDir",
            f"{package}/dist",
            "-l",
            "warn",
        )
        npm("exec", "--", "tsc", "-p", "tsconfig.client.json", "--outDir", f"{package}/types")
        manifest = json.loads((package / "package.json").read_text("utf-8"))
        manifest |= {"version": __version__, "dependencies": _dependencies(package / "dist")}
        (package / "package.json").write_text(json.dumps(manifest, indent=2), "utf-8")
        npm("pack", str(package), "--silent", "--pack-destination", str(into.resolve()))
    return into / f"gongdi-client-{__version__}.tgz"


def _dependencies(bundle: Path) -> dict[str, str]:
    """What the bundle imports, in the versions of the app."""
    imported = {name for path in bundle.glob("*.js") for name in _IMPORTED.findall(path.read_text("utf-8"))}
    versions: dict[str, str] = json.loads((HOME / "package.json").read_text("utf-8"))["dependencies"]
    return {name: version for name, version in versions.items() if name in imported}


if __name__ == "__main__":
    print(pack_client(Path(sys.argv[1])))
