"""Clicks on a cell's picture, as places in it.

    clicks = panel.hidden_field()                    # its value becomes "0.25 0.5 1"
    display(clicks, page_clicks.script(clicks))
    page_clicks.place(clicks.value)                  # (0.25, 0.5): shares of width and height

The picture stays a PNG, so that it is whole in a saved copy. A script in the page looks where the
cell's first picture was clicked and tells the kernel through a hidden text field of ipywidgets, as
`recorder` does; so it works wherever widgets do.
"""

from ipywidgets import Textarea

from mwwkit.previews.panel import Words, name_of

SCRIPT = """
(() => {
  const mark = document.getElementById("ID");
  let count = 0;
  const inside = () => {
    let area = mark;
    while (area && !area.querySelector("img")) area = area.parentElement;
    return area && area.querySelector("img");
  };
  document.addEventListener("click", event => {
    const field = document.querySelector(".ID-field textarea"), picture = inside();
    if (!mark.isConnected || !field || event.target !== picture) return;
    const box = picture.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width, y = (event.clientY - box.top) / box.height;
    count += 1;
    field.value = [x.toFixed(4), y.toFixed(4), count].join(" ");
    for (const kind of ["input", "change"])
      field.dispatchEvent(new Event(kind, {bubbles: true}));
  });
})();
"""


def script(of: Textarea) -> Words:
    """What listens for clicks, to be displayed in the cell of the picture."""
    name = name_of(of)
    return Words(f'<div id="{name}"></div><script>{SCRIPT.replace("ID", name)}</script>', "")


def place(value: str) -> tuple[float, float] | None:
    """The shares of width and height in a field's value; None where there was no click."""
    parts = value.split()
    return (float(parts[0]), float(parts[1])) if len(parts) == 3 else None
