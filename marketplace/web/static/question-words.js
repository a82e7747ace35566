// What the values of questions are called, as question_words.py says it for what lies open.

const own = document.documentElement.lang;
const lang = own === "en" ? "en-GB" : own; // as the server writes English
const fine = { maximumFractionDigits: 9 };
const wholeDay = { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" };

// `question` is what its page says of it (`in_words` of question_words.py); `noAnswer` stands for a value that is not there.
export function inWords(question, value, noAnswer) {
  if (value === undefined || value === null || value === "") return noAnswer;
  if (question.kind === "number") return `${number(String(value))} ${question.unit}`.trim();
  if (question.kind === "date") return day(String(value));
  if (question.kind === "ranking") return places(value).map(([place, each]) => `${place}. ${called(question, each)}`).join("; ");
  if (Array.isArray(value)) return value.map((each) => called(question, each)).join("; ") || question.none;
  return called(question, String(value));
}

// Whether two values of a question say the same.
export function alike(question, one, other) {
  const plain = ["text", "long_text"].includes(question.kind) ? withoutDifference : (value) => JSON.stringify(value);
  return plain(one ?? null) === plain(other ?? null);
}

function withoutDifference(value) {
  return value === null ? null : String(value).normalize("NFC").toLowerCase().trim().replace(/\s+/g, " ");
}

function called(question, value) {
  return Object.hasOwn(question.words, value) ? question.words[value] : String(value);
}

function places(value) {
  if (Array.isArray(value)) return value.map((each, at) => [at + 1, each]);
  return Object.entries(value).map(([option, place]) => [place, option]);
}

function number(digits) {
  return /^-?[0-9]+(\.[0-9]+)?$/.test(digits) ? new Intl.NumberFormat(lang, fine).format(digits) : digits;
}

function day(value) {
  const found = new Date(`${value}T00:00:00Z`);
  return Number.isNaN(found.valueOf()) ? value : found.toLocaleDateString(lang, wholeDay);
}
