// One player at a time, and a line that runs over the picture as the sound does.
const players = [...document.querySelectorAll(".moment audio")];
for (const audio of players) {
  const card = audio.closest(".moment");
  const picture = card.querySelector("svg");
  const line = card.querySelector(".playhead");
  const [from, to] = [Number(line.dataset.from), Number(line.dataset.to)];
  const move = () => {
    const x = from + (to - from) * (audio.currentTime / audio.duration || 0);
    line.setAttribute("x1", x);
    line.setAttribute("x2", x);
    line.classList.toggle("on", audio.currentTime > 0);
    if (!audio.paused) requestAnimationFrame(move);
  };
  audio.addEventListener("play", () => {
    for (const other of players) if (other !== audio) other.pause();
    move();
  });
  audio.addEventListener("timeupdate", move);
  picture.addEventListener("click", (event) => {
    const box = picture.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * picture.viewBox.baseVal.width;
    audio.currentTime = Math.min(Math.max((x - from) / (to - from), 0), 1) * audio.duration;
    audio.play();
  });
}
