"""Pages in a single file.

A page needs no server and no network: style, script, figures and data stand in the file, and a
content security policy forbids everything else, so that no text of a corpus can ever run.
"""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ercbench import __version__
from ercbench.files import remove_leftovers, replacing

HERE = Path(__file__).parent
INDEX = "index.html"


def render(template: Path, styles: Sequence[Path], scripts: Sequence[Path], **shown: Any) -> str:
    """Returns a page.

    Args:
        template: Of its HTML, which finds `style`, `script`, `script_hash` and `version`.
        styles: Put together in this order.
        scripts: Likewise.
        shown: What else the template finds.
    """
    environment = Environment(
        loader=FileSystemLoader(template.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = _joined(scripts)
    return environment.get_template(template.name).render(
        version=__version__,
        style=Markup(_joined(styles)),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        **shown,
    )


def write_index(page: str, folder: Path) -> Path:
    """Writes a page as `index.html` into a folder, which is made if needed."""
    path = folder / INDEX
    remove_leftovers(folder)
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8", newline="\n")
    return path


def _joined(files: Sequence[Path]) -> str:
    return "\n".join(file.read_text(encoding="utf-8") for file in files)
