// What every page does with a script; each of these works without one, a little plainer.

// An error summary takes the focus, so that a screen reader begins there.
document.querySelector("[data-focus]")?.focus();

// Moments of the day: the server writes UTC, the reader sees their own zone.
const clock = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
for (const time of document.querySelectorAll("time[data-clock]")) {
  const moment = new Date(time.dateTime);
  if (!Number.isNaN(moment.valueOf())) time.textContent = clock.format(moment);
}

// A form that changes something is sent once, however often the button is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  event.submitter?.setAttribute("aria-busy", "true");
});

// Signing out takes along what this tab kept of unfinished work.
document.querySelector("form[data-forget]")?.addEventListener("submit", () => {
  try {
    sessionStorage.clear();
    indexedDB.deleteDatabase("market-drafts");
  } catch {
    // Storage is closed: nothing was kept.
  }
});

// Coming back by the history shows the page as it was: its forms may be sent again.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    for (const busy of form.querySelectorAll("[aria-busy]")) busy.removeAttribute("aria-busy");
  }
});
