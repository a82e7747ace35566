// What is typed on the work page survives a change of language, a reload and a session that ended.
// It is kept in this tab only (sessionStorage), and only for campaigns whose answers are not sealed: the answer to a
// sealed item must not lie on the device in plaintext. There the browser asks before the page is left instead.

const form = document.querySelector("form[data-answer]");
const prefix = "draft:";

function fields() {
  return [...form.elements].filter((field) => field.name.startsWith("answer."));
}

function typed() {
  const given = {};
  for (const field of fields()) {
    if (field.type === "radio" ? field.checked : field.value) given[field.name] = field.value;
  }
  return given;
}

function store(use) {
  try {
    return use(sessionStorage);
  } catch {
    return null; // storage is closed: nothing is kept
  }
}

function forgetOthers(own) {
  store((kept) => {
    for (const name of Object.keys(kept)) if (name.startsWith(prefix) && name !== own) kept.removeItem(name);
  });
}

function putBack(name) {
  const kept = store((storage) => JSON.parse(storage.getItem(name)));
  for (const field of kept ? fields() : []) {
    const value = kept[field.name];
    if (value === undefined) continue;
    if (field.type !== "radio") field.value = value;
    else if (field.value === value) field.checked = true;
  }
}

function keepDraft(name) {
  // What the server sent back with the page is newer than what is kept.
  if (!("typed" in form.dataset)) putBack(name);
  const keep = () => store((kept) => kept.setItem(name, JSON.stringify(typed())));
  if ("typed" in form.dataset) keep();
  form.addEventListener("input", keep);
}

function askBeforeLeaving() {
  const before = JSON.stringify("typed" in form.dataset ? {} : typed());
  let leaving = false;
  // Sending the answer and giving the item back are meant; every other way out would lose what was typed.
  document.addEventListener("submit", (event) => {
    leaving = event.target === form || event.target.id === "give-back";
  });
  window.addEventListener("beforeunload", (event) => {
    if (!leaving && JSON.stringify(typed()) !== before) event.preventDefault();
  });
}

if (form?.dataset.draft) {
  forgetOthers(prefix + form.dataset.draft);
  keepDraft(prefix + form.dataset.draft);
} else {
  forgetOthers(null);
  if (form) askBeforeLeaving();
}
