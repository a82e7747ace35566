// What is typed on the work page survives a change of language, a reload, a session that ended and signing in again: it
// is kept in this tab (sessionStorage). Of sealed campaigns nothing is kept here; sealed-work.js saves it sealed.

import { putBack, typed } from "asset:question-fields.js";

const form = document.querySelector("form[data-answer]");
const prefix = "draft:";

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

function keepDraft(name) {
  // What the server sent back with the page is newer than what is kept.
  if (!("typed" in form.dataset)) putBack(form, store((storage) => JSON.parse(storage.getItem(name))) ?? {});
  const keep = () => store((kept) => kept.setItem(name, JSON.stringify(typed(form))));
  if ("typed" in form.dataset) keep();
  form.addEventListener("input", keep);
}

const open = form?.dataset.draft;
forgetOthers(open ? prefix + open : null);
if (open) keepDraft(prefix + open);
