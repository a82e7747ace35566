// Setting up this browser for sealed work: its keys are made here, and only their public halves go on with the form.
// A browser that is set up is not offered again, and keys whose device was removed are forgotten here too.

import { forget, make, mine, thumbprints } from "asset:device-keys.js";

const person = document.body.dataset.person ?? "";
const form = document.querySelector("form[data-enrol]");

function said(attribute) {
  return [...document.querySelectorAll(`[data-${attribute}]`)].map((row) => row.dataset[attribute]);
}

function tell(error) {
  const code = error?.code ?? "StorageClosed";
  for (const problem of document.querySelectorAll("[data-problem]")) problem.hidden = problem.dataset.problem !== code;
}

async function setUp() {
  const { thumbprint, encryption, signing, salt } = await make(person);
  form.elements.public.value = JSON.stringify({ encryption, salt, signing, thumbprint });
  form.submit(); // says nothing to the listener below: the form goes on as it is now
}

async function look() {
  const removed = said("removed");
  for (const thumbprint of await thumbprints(person)) if (removed.includes(thumbprint)) await forget(thumbprint);
  const found = await mine(person, said("thumbprint"));
  for (const offer of document.querySelectorAll("[data-here]")) offer.hidden = Boolean(found);
}

// Until the keys are there the form is not sent, and pressed twice makes one pair only.
let underWay = false;
form?.addEventListener("submit", (event) => {
  event.preventDefault();
  event.stopPropagation();
  if (underWay) return;
  underWay = true;
  event.submitter?.setAttribute("aria-busy", "true");
  setUp().catch((error) => {
    underWay = false;
    event.submitter?.removeAttribute("aria-busy");
    tell(error);
  });
});

// That something was set up just now is said once: not again when the page is loaded anew.
if (document.querySelector("[data-done]")) history.replaceState(null, "", location.pathname);
look().catch(() => {}); // storage is closed: no key is here
