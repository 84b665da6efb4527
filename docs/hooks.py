"""What the site shows of the repository beside `docs/`: each page stands in one place only."""

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

from ercbench.config.help import help_of

ROOT = Path(__file__).parent.parent
MODELS = {
    f"models/{readme.parent.name}.md": readme.relative_to(ROOT).as_posix()
    for readme in ROOT.glob("src/ercbench/models/*/README.md")
}
SOURCES = {
    "index.md": "README.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
    "package.md": "examples/extending/README.md",
    **MODELS,
}
"""Page of the site to the file of the repository that it shows."""

PAGES = {source: page for page, source in SOURCES.items()}
RELATIVE_LINK = re.compile(r"(?<=\]\()(?!\w+:)([^)#\s]+)")
HELP = re.compile(r"<!-- help: (\w+) -->")


def on_files(files: Files, config: Any) -> Files:
    """Adds the pages that stand elsewhere."""
    for page, source in SOURCES.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / source)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Puts in the commands' help, and turns links between files into links between pages."""
    name = page.file.src_uri
    here = posixpath.dirname(SOURCES.get(name, f"docs/{name}"))

    def linked(link: re.Match[str]) -> str:
        file = posixpath.normpath(posixpath.join(here, link[1]))
        target = PAGES.get(file, file.removeprefix("docs/"))
        return posixpath.relpath(target, posixpath.dirname(name) or ".")

    return HELP.sub(_help, RELATIVE_LINK.sub(linked, markdown))


def _help(command: re.Match[str]) -> str:
    return f"```text\n{help_of(command[1])}\n```"
