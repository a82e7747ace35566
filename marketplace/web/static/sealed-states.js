// A place where something sealed is opened or given: its page holds what to say in each state (`data-state`), and shows
// one at a time. What was opened (`data-opened`) shows only while it is open.

import { SealingError } from "asset:sealing-errors.js";

// show(state, detail): shows one state of `place`; the detail stands where its sentence has `data-detail`.
export function statesOf(place) {
  return (state, detail = "") => {
    const opened = state === "opened";
    for (const one of place.querySelectorAll("[data-state]")) one.hidden = one.dataset.state !== state;
    for (const spot of place.querySelectorAll(`[data-state="${state}"] [data-detail]`)) spot.textContent = detail;
    for (const part of place.querySelectorAll("[data-opened]")) part.hidden = !opened;
    for (const frame of place.querySelectorAll("[data-states]")) frame.hidden = opened;
  };
}

// The state that an error leads to, and its detail: what was changed on the way is told apart from what is refused, and
// from who is not shown to be who they should be (EvidenceRefused).
export function stateOf(error) {
  if (error.name === "EvidenceRefused") return ["distrusted", error.sentence ?? ""];
  if (error instanceof SealingError || error instanceof SyntaxError) return ["broken"];
  if (error.name === "DeviceKeysClosed" || error.problem?.type === "/problems/needs-device") return ["needs-device"];
  return ["refused", error.problem?.title ?? ""];
}
