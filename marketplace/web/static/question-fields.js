// The fields of a work page as values of its questions, in JSON, and back. A ranking whose places make none yet is an
// object of places by option, so that it is there again when somebody comes back.

export function questionsOf(form) {
  return placesOf(form).map(({ question }) => question);
}

// What is in the fields, by question's name; what was left empty is not in it.
export function typed(form) {
  const given = {};
  for (const { place, question } of placesOf(form)) {
    const value = (reading[question.kind] ?? written)(place, question);
    if (value !== undefined) given[question.name] = value;
  }
  const note = form.elements["answer.note"]?.value.trim();
  if (note) given.note = note;
  return given;
}

// Whether nobody chose or wrote anything yet.
export function isEmpty(form) {
  return Object.values(typed(form)).every((value) => Array.isArray(value) && !value.length);
}

export function putBack(form, given) {
  for (const { place, question } of placesOf(form)) {
    if (given[question.name] !== undefined) (putting[question.kind] ?? write)(place, given[question.name]);
  }
  const note = form.elements["answer.note"];
  if (note && given.note !== undefined) note.value = given.note;
}

function placesOf(form) {
  const places = [...form.querySelectorAll("[data-question]")];
  return places.map((place) => ({ place, question: JSON.parse(place.dataset.question) }));
}

function inputs(place) {
  return [...place.querySelectorAll("input, textarea")];
}

function written(place) {
  return inputs(place)[0].value.trim() || undefined;
}

function write(place, value) {
  inputs(place)[0].value = value;
}

function chosen(place) {
  return inputs(place).find((input) => input.checked)?.value;
}

function choose(place, value) {
  for (const input of inputs(place)) input.checked = Array.isArray(value) ? value.includes(input.value) : input.value === value;
}

function allChosen(place, question) {
  const values = inputs(place).filter((input) => input.checked).map((input) => input.value);
  return values.length || question.min === 0 ? values : undefined;
}

// A comma stands for the point, a real minus for its hyphen; so does the server read them.
function digits(place) {
  const text = written(place)?.replace("−", "-");
  return text && text.split(",").length === 2 && !text.includes(".") ? text.replace(",", ".") : text;
}

function ranked(place, question) {
  const given = [...place.querySelectorAll("select")].filter((select) => select.value);
  const places = Object.fromEntries(given.map((select) => [select.dataset.option, select.value]));
  const order = Object.keys(places).sort((one, other) => places[one] - places[other]);
  const whole = order.length === question.options.length && order.every((option, at) => Number(places[option]) === at + 1);
  if (whole) return order;
  return order.length ? places : undefined;
}

function rank(place, value) {
  for (const select of place.querySelectorAll("select")) {
    const { option } = select.dataset;
    select.value = Array.isArray(value) ? value.indexOf(option) + 1 || "" : (value[option] ?? "");
  }
}

const reading = { choice: chosen, yes_no: chosen, pairwise: chosen, several: allChosen, number: digits, ranking: ranked };
const putting = { choice: choose, yes_no: choose, pairwise: choose, several: choose, ranking: rank };
