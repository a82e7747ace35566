// Whether an answer fits the questions of a form: the rules of tasks/questions on the device, which alone checks what is
// sealed end to end. A question is what its page says of it (`in_scripts` of question_words.py).

// White space as Python takes it: what is kept here must be what the server would keep.
const white = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+";
const space = new RegExp(white, "g");
const ends = new RegExp(`^${white}|${white}$`, "g");
const aNumber = /^-?[0-9]{1,15}(?:\.[0-9]{1,9})?$/;
const aDay = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;

// {answer, faults}: the values that fit, as they are kept, and a code for each question (by name) whose value does not.
export function checked(questions, given) {
  const answer = {};
  const faults = {};
  for (const question of questions) {
    const value = given[question.name];
    const { kept, fault } = value === undefined || value === "" ? nothing(question) : checks[question.kind](question, value);
    if (fault) faults[question.name] = fault;
    else if (kept !== undefined) answer[question.name] = kept;
  }
  if (given.note) answer.note = given.note.normalize("NFC");
  return { answer, faults };
}

const missing = {
  number: "missing_number",
  date: "missing_date",
  text: "missing_text",
  long_text: "missing_text",
  several: "missing_several",
  ranking: "missing_ranking",
};

function nothing(question) {
  return question.required ? { fault: missing[question.kind] ?? "missing_choice" } : {};
}

function oneOption(question, value) {
  return question.options.includes(value) ? { kept: value } : { fault: "not_an_option" };
}

function someOptions(question, value) {
  const known = Array.isArray(value) && value.every((each) => question.options.includes(each));
  if (!known || new Set(value).size !== value.length) return { fault: "not_an_option" };
  if (value.length < question.min) return { fault: "too_few" };
  if (value.length > (question.max ?? question.options.length)) return { fault: "too_many" };
  return { kept: question.options.filter((each) => value.includes(each)) };
}

function allOptions(question, value) {
  const all = Array.isArray(value) && value.length === question.options.length;
  return all && question.options.every((each) => value.includes(each)) ? { kept: value } : { fault: "not_a_ranking" };
}

function number(question, value) {
  if (typeof value !== "string" || !aNumber.test(value)) return { fault: "not_a_number" };
  if ((value.split(".")[1] ?? "").length > question.decimals) return { fault: "decimals" };
  if (question.min !== null && compare(value, question.min) < 0) return { fault: "too_small" };
  if (question.max !== null && compare(value, question.max) > 0) return { fault: "too_large" };
  return { kept: shortest(value) };
}

// Numbers are compared by their digits: a float holds fewer than there may be.
function compare(one, other) {
  const scaled = [one, other].map((digits) => {
    const [whole, fraction = ""] = digits.replace("-", "").split(".");
    const size = BigInt(whole + fraction.padEnd(9, "0"));
    return digits.startsWith("-") ? -size : size;
  });
  return scaled[0] < scaled[1] ? -1 : Number(scaled[0] > scaled[1]);
}

function shortest(digits) {
  const [whole, fraction = ""] = digits.replace("-", "").split(".");
  const made = [whole.replace(/^0+(?=[0-9])/, ""), fraction.replace(/0+$/, "")].filter(Boolean).join(".");
  return digits.startsWith("-") && made !== "0" ? `-${made}` : made;
}

function day(question, value) {
  if (typeof value !== "string" || !aDay.test(value) || !onCalendar(value)) return { fault: "not_a_date" };
  if (question.earliest !== null && value < question.earliest) return { fault: "too_early" };
  if (question.latest !== null && value > question.latest) return { fault: "too_late" };
  return { kept: value };
}

function onCalendar(value) {
  const found = new Date(`${value}T00:00:00Z`);
  return !value.startsWith("0000") && !Number.isNaN(found.valueOf()) && found.toISOString().startsWith(value);
}

function text(tidied) {
  return (question, value) => {
    if (typeof value !== "string" || value.includes("\0") || !value.isWellFormed()) return { fault: "not_storable" };
    const kept = tidied(value.normalize("NFC"));
    if (!kept) return { fault: "missing_text" };
    return [...kept].length > question.max_length ? { fault: "too_long" } : { kept };
  };
}

function between(value) {
  return value.replace(ends, "");
}

const checks = {
  choice: oneOption,
  yes_no: oneOption,
  pairwise: oneOption,
  several: someOptions,
  ranking: allOptions,
  number,
  date: day,
  text: text((value) => between(value).replace(space, " ")),
  long_text: text((value) => between(value.replace(/\r\n?/g, "\n"))),
};
