// Closing a sealed item when nothing moves. Times are compared, never counted in ticks: a laptop that slept for an hour
// closes at once when it wakes, before anything else counts as a sign that somebody is there.

const place = document.querySelector("[data-screen][data-idle-minutes]");
if (place) watch(place, Number(place.dataset.idleMinutes) * 60_000);

function watch(place, idle) {
  const said = place.querySelector("[data-screen-said]");
  const closed = place.querySelector("[data-screen-closed]");
  const warning = place.querySelector("[data-screen-warning]");
  const soon = Math.max(idle - 60_000, idle / 2);
  let asking = false; // whether the question stands
  let last = null; // when somebody last gave a sign, by both clocks; null while no item is shown

  // The wall clock runs through sleep but may be put back; the other one is never put back but may stop in sleep.
  const now = () => ({ wall: Date.now(), steady: performance.now() });
  const passed = () => Math.max(Date.now() - last.wall, performance.now() - last.steady);

  function check() {
    // A browser may tell late that a dialog has closed, a hidden tab not before it is shown.
    if (asking && !warning.open) return answered();
    if (last === null) return;
    if (passed() >= idle) close();
    else if (passed() >= soon && !asking) warn();
  }

  function sign() {
    check();
    // While the question stands, only its answer counts.
    if (last !== null && !asking) last = now();
  }

  function warn() {
    asking = true;
    said.textContent = said.dataset.soon;
    warning.showModal();
  }

  // Enter on its button, Escape, or any other way in which the question goes away: somebody answered it.
  function answered() {
    asking = false;
    if (last === null) return;
    if (passed() >= idle) return close();
    last = now();
    said.textContent = "";
  }

  function close() {
    last = null;
    document.dispatchEvent(new CustomEvent("market:close"));
    // Whatever the item's own module left, goes.
    for (const item of document.querySelectorAll("[data-sealed-item]")) item.replaceChildren();
    if (warning.open) warning.close();
    said.textContent = said.dataset.closed;
    closed.hidden = false;
    closed.focus();
  }

  document.addEventListener("market:shown", () => {
    last = now();
    closed.hidden = true;
    said.textContent = "";
  });
  // Focus moves also where assistive technology moves it, and so does the selection of a reading cursor.
  for (const kind of ["keydown", "pointerdown", "pointermove", "wheel", "scroll", "touchmove", "input", "focusin"]) {
    document.addEventListener(kind, sign, { capture: true, passive: true });
  }
  document.addEventListener("selectionchange", sign);

  warning.addEventListener("close", () => {
    if (asking) answered();
  });

  place.querySelector("[data-screen-again]").addEventListener("click", () => {
    // Whoever shows the item opens it again, which counts as one more opening; else the page does, from the beginning.
    if (document.dispatchEvent(new CustomEvent("market:open", { cancelable: true }))) location.reload();
  });

  setInterval(check, 1_000);
  for (const kind of ["visibilitychange", "resume"]) document.addEventListener(kind, check);
  for (const kind of ["focus", "pageshow", "online"]) window.addEventListener(kind, check);
}
