"""Controls over pictures: the pictures are shown at once, and drawn again when a control moves.

    panel(draw, number=IntSlider(...))               # draw(number=3) -> [image, player]

Where no widgets run (papermill, a page made from the notebook) the pictures stand as first drawn.
"""

from collections.abc import Callable, Sequence
from typing import Any

from IPython.display import display
from ipywidgets import BoundedIntText, HBox, Layout, ValueWidget


def panel(draw: Callable[..., Sequence[Any]], **controls: ValueWidget) -> None:
    """Show the controls in a row, and under them what `draw` gives for their values.

    `draw` gives as many things each time; each takes the place of the one before.
    """
    if controls:
        display(HBox(list(controls.values())))
    drawn = draw(**{name: control.value for name, control in controls.items()})
    handles = [display(thing, display_id=True) for thing in drawn]

    def again(_: Any) -> None:
        values = {name: control.value for name, control in controls.items()}
        for handle, thing in zip(handles, draw(**values), strict=True):
            if handle is not None:  # outside a notebook there is nothing to update
                handle.update(thing)

    for control in controls.values():
        control.observe(again, "value")


def counter(n: int, at: int, what: str) -> ValueWidget:
    """A box to choose one of `n` things by its number."""
    layout = Layout(width="14em")
    style = {"description_width": "initial"}
    return BoundedIntText(at, 0, n - 1, description=f"{what} (of {n})", layout=layout, style=style)
