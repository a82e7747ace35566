// What is typed on the work page survives a change of language, a reload, a session that ended and signing in again.
// Of an open campaign it is kept in this tab (sessionStorage). The answer to a sealed item must not lie on the device
// in plaintext: it is kept encrypted, under a key of this browser that no script can read out, for a quarter of an
// hour; and the browser asks before the page is left.

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

function putBack(kept) {
  for (const field of kept ? fields() : []) {
    const value = kept[field.name];
    if (value === undefined) continue;
    if (field.type !== "radio") field.value = value;
    else if (field.value === value) field.checked = true;
  }
}

// ---------- open campaigns: in this tab ----------

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
  if (!("typed" in form.dataset)) putBack(store((storage) => JSON.parse(storage.getItem(name))));
  const keep = () => store((kept) => kept.setItem(name, JSON.stringify(typed())));
  if ("typed" in form.dataset) keep();
  form.addEventListener("input", keep);
}

// ---------- sealed campaigns: encrypted, with its key in this browser ----------

const keptMilliseconds = 15 * 60 * 1000;

function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function vault(mode, use) {
  try {
    const opening = indexedDB.open("market-drafts", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("sealed", { keyPath: "name" });
    const database = await settled(opening);
    const result = await use(database.transaction("sealed", mode).objectStore("sealed"));
    database.close();
    return result;
  } catch {
    return null; // storage is closed: nothing is kept
  }
}

async function sealDraft(name, given) {
  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const text = new TextEncoder().encode(JSON.stringify(given));
  const data = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, text);
  const until = Date.now() + keptMilliseconds;
  await vault("readwrite", (drafts) => settled(drafts.put({ name, key, iv, data, until })));
}

async function openDraft(name) {
  const kept = await vault("readonly", (drafts) => settled(drafts.get(name)));
  if (!kept || kept.until < Date.now()) return null;
  const { key, iv, data } = kept;
  return JSON.parse(new TextDecoder().decode(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, data)));
}

async function forgetSealed(own) {
  await vault("readwrite", async (drafts) => {
    for (const kept of await settled(drafts.getAll())) {
      if (kept.name !== own || kept.until < Date.now()) await settled(drafts.delete(kept.name));
    }
  });
}

async function keepSealedDraft(name) {
  const before = JSON.stringify("typed" in form.dataset ? {} : typed());
  askBeforeLeaving(before);
  let last = Promise.resolve();
  const keep = () => {
    last = last.then(() => sealDraft(name, typed())).catch(() => {});
  };
  form.addEventListener("input", keep);
  if ("typed" in form.dataset) return keep();
  const kept = await openDraft(name).catch(() => null);
  // Whoever began to type meanwhile is not overwritten.
  if (kept && JSON.stringify(typed()) === before) putBack(kept);
}

function askBeforeLeaving(before) {
  let leaving = false;
  // Sending the answer and giving the item back are meant; every other way out would lose what was typed.
  document.addEventListener("submit", (event) => {
    leaving = event.target === form || event.target.id === "give-back";
  });
  window.addEventListener("beforeunload", (event) => {
    if (!leaving && JSON.stringify(typed()) !== before) event.preventDefault();
  });
}

const open = form?.dataset.draft;
const sealed = form?.dataset.sealed;
forgetOthers(open ? prefix + open : null);
forgetSealed(sealed ?? null);
if (open) keepDraft(prefix + open);
else if (sealed) keepSealedDraft(sealed);
