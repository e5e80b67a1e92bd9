"""Equations as MathML, which browsers draw without a script: `$$ … $$` on lines of its own, `$ … $` within a line."""

import re

from latex2mathml.converter import convert

#: Code is no place for equations.
CODE = re.compile(r"(^```.*?^```|`[^`\n]+`)", re.MULTILINE | re.DOTALL)
DISPLAY = re.compile(r"\$\$(.+?)\$\$", re.DOTALL)
INLINE = re.compile(r"\$([^$\n]+?)\$")


def on_page_markdown(markdown: str, **_) -> str:
    parts = CODE.split(markdown)
    # Every second part is code.
    parts[::2] = [equations(part) for part in parts[::2]]
    return "".join(parts)


def equations(text: str) -> str:
    text = DISPLAY.sub(lambda found: f"\n\n<div>{convert(found[1].strip(), display='block')}</div>\n\n", text)
    return INLINE.sub(lambda found: convert(found[1].strip()), text)
