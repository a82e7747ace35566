// The list of agencies shrinks while you type. Without a script the whole list is there.

const find = document.querySelector("[data-find]");
const entries = [...document.querySelectorAll("#agencies > li")];
const none = document.querySelector("[data-none]");

if (find && entries.length) {
  find.hidden = false;
  find.querySelector("input").addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const entry of entries) {
      entry.hidden = !words.every((word) => entry.dataset.words.includes(word));
      if (!entry.hidden) shown += 1;
    }
    none.hidden = shown > 0;
  });
}
