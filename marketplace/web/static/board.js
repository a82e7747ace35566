// Filters act at once: the same address is fetched and its list put in place of the old one, focus kept.
// Without a script the form has a button that does the same by a new page.

// The one Trusted Types policy: HTML comes from our own origin only, parsed, never run.
const policy = window.trustedTypes?.createPolicy("market", { createHTML: (html) => html }) ?? { createHTML: (html) => html };
let latest = 0;

async function show(address, { push }) {
  const mine = (latest += 1);
  const board = document.getElementById("board");
  const late = setTimeout(() => board.setAttribute("aria-busy", "true"), 300);
  try {
    const response = await fetch(address, { headers: { Accept: "text/html" }, credentials: "same-origin" });
    if (!response.ok || response.redirected) throw new Error("not the list");
    const page = new DOMParser().parseFromString(policy.createHTML(await response.text()), "text/html");
    if (mine !== latest) return;
    replace(board, page.getElementById("board"));
    if (push) history.pushState({ board: true }, "", address);
  } catch {
    location.assign(address);
  } finally {
    clearTimeout(late);
  }
}

function replace(board, fresh) {
  const focused = document.activeElement?.id;
  fresh.querySelector(".filter").open = board.querySelector(".filter").open;
  board.replaceWith(document.adoptNode(fresh));
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

function addressOf(form) {
  const chosen = [...new FormData(form)].filter(([, value]) => value !== "");
  const query = new URLSearchParams(chosen).toString();
  return query ? `${form.getAttribute("action")}?${query}` : form.getAttribute("action");
}

document.addEventListener("change", (event) => {
  const form = event.target.closest("#board");
  if (form && event.target.closest(".facets")) show(addressOf(form), { push: true });
});

document.addEventListener("submit", (event) => {
  if (event.target.id !== "board") return;
  event.preventDefault();
  show(addressOf(event.target), { push: true });
});

window.addEventListener("popstate", () => show(location.href, { push: false }));
