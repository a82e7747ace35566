// Keys: an element says which key it answers to (data-key). Single keys can be turned off (WCAG 2.1.4) and are silent
// while somebody writes. Enter sends the answer, Ctrl+Enter does so from the note as well, ? lists the keys.

const root = document.documentElement;
const store = "keys";

function remembered() {
  try {
    return localStorage.getItem(store);
  } catch {
    return null; // storage is closed: keys stay on
  }
}

function isOff() {
  return root.dataset.keys === "off";
}

function isWriting(target) {
  return target.closest("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]") !== null;
}

function press(element) {
  if (element.matches("input[type=search], input[type=text]")) {
    element.focus();
    element.select();
    return;
  }
  if (element.matches("input[type=radio]")) element.focus();
  element.click();
}

function send(form) {
  const button = form.querySelector("button[name=then][value=next]") ?? undefined;
  form.requestSubmit(button);
}

function onKey(event) {
  if (event.defaultPrevented || event.altKey || event.metaKey || event.isComposing) return;
  const form = document.querySelector("form[data-answer]");
  if (event.key === "Enter" && event.ctrlKey && form) {
    event.preventDefault();
    send(form);
    return;
  }
  if (event.ctrlKey || isOff() || isWriting(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key === "Enter") {
    const idle = event.target === document.body || event.target.matches("main, input[type=radio]");
    if (form && idle) {
      event.preventDefault();
      send(form);
    }
    return;
  }
  if (event.key === "?") {
    document.getElementById("keys")?.showModal();
    return;
  }
  const key = CSS.escape(event.key.toLowerCase());
  const element = document.querySelector(`[data-key="${key}"]`);
  if (element) {
    event.preventDefault();
    press(element);
  }
}

function showSwitch() {
  const button = document.querySelector("[data-keys-switch]");
  if (!button) return;
  button.hidden = false;
  button.textContent = isOff() ? button.dataset.on : button.dataset.off;
  button.addEventListener("click", () => {
    root.dataset.keys = isOff() ? "on" : "off";
    try {
      localStorage.setItem(store, root.dataset.keys);
    } catch {
      // It holds for this page then.
    }
    button.textContent = isOff() ? button.dataset.on : button.dataset.off;
  });
}

root.dataset.keys = remembered() === "off" ? "off" : "on";
document.addEventListener("keydown", onKey);
showSwitch();
