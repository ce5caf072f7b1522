"""A button that records in the browser, where the page that shows the notebook may.

    field = panel.hidden_field()                     # its value becomes the recording, a data URL
    display(field, recorder.button(field))
    recorder.sound(field.value)                      # bytes of a WebM, Ogg or MP4 file

The browser's MediaRecorder records; what it made goes through a hidden text field of ipywidgets to
the kernel, so it works wherever widgets do: Jupyter, JupyterLab, Colab, Kaggle. Browsers give a
microphone only to pages from https or localhost, and ask first.
"""

import base64
import binascii
from html import escape

from IPython.display import HTML
from ipywidgets import Textarea

from mwwkit.previews.panel import name_of
from mwwkit.run.errors import WrongInput

MOST_S = 30

# Without the browser's help with calls: a device hears the room as it is.
SCRIPT = """
(() => {
  const [button, told] = document.getElementById("ID").children;
  const field = () => document.querySelector(".ID-field textarea");
  const say = text => { told.textContent = text; };
  let recorder = null;
  const stop = () => { if (recorder && recorder.state === "recording") recorder.stop(); };
  button.onclick = async () => {
    if (recorder && recorder.state === "recording") return stop();
    if (!field()) return say("run this cell in a live notebook to record");
    if (!navigator.mediaDevices || !window.MediaRecorder)
      return say("this page may not record (it wants https or localhost): upload a file");
    let stream;
    try {
      const plain = {echoCancellation: false, noiseSuppression: false, autoGainControl: false};
      stream = await navigator.mediaDevices.getUserMedia({audio: plain});
    } catch (error) {
      return say("no microphone (" + error.message + "): upload a file");
    }
    const parts = [];
    recorder = new MediaRecorder(stream);
    recorder.ondataavailable = event => parts.push(event.data);
    recorder.onstop = () => {
      stream.getTracks().forEach(track => track.stop());
      button.textContent = "\\u25cf Record";
      const reader = new FileReader();
      reader.onload = () => {
        field().value = reader.result;
        for (const kind of ["input", "change"])
          field().dispatchEvent(new Event(kind, {bubbles: true}));
        say("recorded");
      };
      reader.readAsDataURL(new Blob(parts, {type: recorder.mimeType}));
    };
    recorder.start();
    button.textContent = "\\u25a0 Stop";
    say("recording, MOST s at most");
    const mine = recorder;  // not a later one
    setTimeout(() => { if (mine.state === "recording") mine.stop(); }, 1000 * MOST);
  };
})();
"""


def button(of: Textarea, most_s: int = MOST_S) -> HTML:
    """The button for a field, to be displayed beside it; it stops by itself after `most_s`."""
    script = SCRIPT.replace("ID", name_of(of)).replace("MOST", str(most_s))
    name = escape(name_of(of))
    parts = "<button>&#9679; Record</button> <span></span>"
    return HTML(f'<div id="{name}">{parts}</div><script>{script}</script>')


def sound(value: str) -> bytes:
    """The file in a field's value. Raises ValueError where it is no data URL."""
    head, comma, coded = value.partition(",")
    try:
        if not (comma and head.startswith("data:") and head.endswith(";base64")):
            raise WrongInput("it does not begin as one")
        return base64.b64decode(coded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise WrongInput(f"what the browser sent is no data URL ({error}); record again") from error
