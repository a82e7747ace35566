// The list of agencies shrinks while you type: by words, or by the domain of a mail address. Without a script the
// button does it. What stands before the @ never leaves this page.

const form = document.querySelector("form[data-find]");
const field = form?.querySelector("input[type=search]");
const entries = [...document.querySelectorAll("#agencies > li")];
const none = document.querySelector("[data-none]");

function wanted(typed) {
  const text = typed.trim().toLowerCase();
  return text.includes("@") ? text.slice(text.lastIndexOf("@")) : text;
}

function ofDomain(entry, domain) {
  // While the domain is still being typed, its beginning is enough.
  return entry.dataset.domains.split(" ").some((own) => own.startsWith(domain) || domain.endsWith("." + own));
}

function fits(entry, text) {
  if (text.startsWith("@")) return ofDomain(entry, text.slice(1));
  return text.split(/\s+/).every((word) => entry.dataset.words.includes(word));
}

function narrow() {
  const text = wanted(field.value);
  for (const entry of entries) entry.hidden = !fits(entry, text);
  none.hidden = entries.some((entry) => !entry.hidden);
}

if (field && none) {
  field.addEventListener("input", narrow);
  form.addEventListener("submit", () => {
    field.value = wanted(field.value);
  });
  // Enter goes on where only one agency is left.
  field.addEventListener("keydown", (event) => {
    const left = entries.filter((entry) => !entry.hidden).map((entry) => entry.querySelector("button"));
    if (event.key !== "Enter" || !field.value.trim() || left.length !== 1 || !left[0]) return;
    event.preventDefault();
    left[0].click();
  });
}
