"""Controls over pictures: the pictures are shown at once, and drawn again when a control moves.

    panel(draw, number=IntSlider(...))               # draw(number=3) -> [image, player]

Controls stand only where somebody can move them (`is_live`). In an executed copy, by papermill or
on a page made from the notebook, the pictures stand as first drawn, under a line that says so.
"""

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from IPython import get_ipython
from IPython.display import display
from ipywidgets import BoundedIntText, DOMWidget, HBox, Layout, Textarea, ValueWidget

from mwwkit.run.paths import platform

ELSEWHERE = "Buttons and sliders stand here where the notebook runs."
LATER = "controls: run this cell in a live notebook to use them"


class Words:
    """HTML for people, and the same as text for a terminal, a log and a sanitised page."""

    def __init__(self, html: str, text: str):
        """Both forms of it."""
        self.html, self.text = html, text

    def __repr__(self) -> str:
        """As a terminal shows it."""
        return self.text

    def _repr_html_(self) -> str:
        return self.html


def sentence(text: str) -> Words:
    """A paragraph."""
    return Words(f"<p>{escape(text)}</p>" if text else "", text)


def is_live() -> bool:
    """Whether a person runs this cell in a browser, so that controls would answer.

    Front ends say with a cell which one it is; papermill, nbconvert and Kaggle's saved versions,
    whose controls nobody could ever move, say nothing.
    """
    shell = get_ipython()
    if getattr(shell, "kernel", None) is None:
        return False
    return platform() == "colab" or bool(shell.get_parent().get("metadata"))


def controls(*widgets: DOMWidget) -> None:
    """Show controls in a row where they would answer, and nothing elsewhere.

    A copy that was saved live and is opened without a kernel has a line in their place.
    """
    if not widgets or not is_live():
        return
    row = HBox(list(widgets), layout=Layout(flex_flow="row wrap"))
    instead = {"text/plain": LATER, "text/html": f"<p><i>{LATER}</i></p>"}
    display({**row._repr_mimebundle_(), **instead}, raw=True)


def panel(draw: Callable[..., Sequence[Any]], **moving: ValueWidget) -> None:
    """Show the controls in a row, and under them what `draw` gives for their values.

    `draw` gives as many things each time; each takes the place of the one before.
    """
    controls(*moving.values())
    if moving and not is_live():
        display(sentence(ELSEWHERE))
    drawn = draw(**{name: control.value for name, control in moving.items()})
    handles = [display(thing, display_id=True) for thing in drawn]

    def again(_: Any) -> None:
        values = {name: control.value for name, control in moving.items()}
        for handle, thing in zip(handles, draw(**values), strict=True):
            if handle is not None:  # outside a notebook there is nothing to update
                handle.update(thing)

    for control in moving.values():
        control.observe(again, "value")


def hidden_field() -> Textarea:
    """A field that a script in the page writes into, which finds it by `name_of` and "-field"."""
    field = Textarea(layout=Layout(display="none"))
    field.add_class(f"{name_of(field)}-field")
    return field


def name_of(field: Textarea) -> str:
    """What belongs to a hidden field has this name in the page."""
    return f"mwwkit-{field.model_id}"


def counter(n: int, at: int, what: str) -> ValueWidget:
    """A box to choose one of `n` things by its number."""
    layout = Layout(width="14em")
    style = {"description_width": "initial"}
    return BoundedIntText(at, 0, n - 1, description=f"{what} (of {n})", layout=layout, style=style)
