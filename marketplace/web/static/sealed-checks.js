// What is checked of an item before it is opened, and of what is to be sealed in return. End to end there is more to it
// (end-to-end-work.js), which pages of other work do not load; a page that should have and did not opens nothing.

import { refuse } from "asset:sealing-errors.js";
import { checkHeader } from "asset:sealed-parts.js";

let endToEnd = null;

// `check(found, device)` throws unless a device of the owner's agency sealed the item for answers to the key that is
// named, and gives the devices that drafts may be sealed to.
export function checkEndToEndBy(check) {
  endToEnd = check;
}

// Under which headers and to which keys answer and draft are sealed, where all of it is for the `expected` item.
export async function checkedTerms(found, expected, device) {
  const { answer, draft } = found;
  checkHeader(answer.header, { ...expected, purpose: "answer" });
  checkHeader(draft.header, { ...expected, purpose: "draft" });
  if (expected.protection !== "end_to_end") return { answer, draft };
  if (!endToEnd) refuse("SignatureRefused");
  return { answer, draft: { header: draft.header, devices: await endToEnd(found, device) } };
}
