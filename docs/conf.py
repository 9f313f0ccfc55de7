"""How Sphinx builds these pages: ``tox -e docs``."""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import generated

import flightstream

project = "FlightStream"
author = "the FlightStream maintainers"
copyright = author
version = release = flightstream.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["tables.css"]
html_title = f"FlightStream {version}"
html_copy_source = False
html_show_copyright = False
exclude_patterns = ["examples"]
smartquotes = False

# The anchor of each heading, so that links to one are checked.
myst_heading_anchors = 3
myst_enable_extensions = ["deflist"]

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
napoleon_numpy_docstring = False

# There is no inventory of what others document, so only our own names are looked up.
nitpicky = True
# There is one for asyncio, too.
autodoc_type_aliases = {"Client": "flightstream.client.client.Client"}
nitpick_ignore_regex = [
    ("py:.*", r"(?!flightstream).*"),
    # Signatures may name what is not public; whoever needs one has it at hand.
    ("py:attr", r"flightstream\.filters\.Filter\.tree"),  # it is described with its class
    (
        "py:class",
        r"flightstream\.(config|client\.(halt|offline\.keeper|source|wanted)|filters\.syntax|registry|serving|wire)\..*"
        r"|.*\.(Connections|Failures|Grouping|P|R|_Threads)",
    ),
]


def setup(app: Any) -> None:
    """Put what is generated into pages as they are read."""
    app.connect("source-read", expand)


def expand(_app: Any, _name: str, source: list[str]) -> None:
    """Expand one page; Sphinx takes what stands in the list afterwards."""
    source[0] = generated.expand(source[0])
