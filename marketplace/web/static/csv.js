// Rows of a CSV file (RFC 4180; comma or semicolon) as items of a campaign, by the rules of tasks/table.py. Every bad row
// is named with its line and what is wrong, so that a file is mended once.

// {items: [{field: text}], errors: [{line, word, column?, count?, columns?}]}. `limits`: {cell, rows}.
export function items(text, form, limits) {
  const { rows, broken } = parsed(text.replace(/^\uFEFF/, ""));
  const errors = broken ? [{ line: broken, word: "broken" }] : [];
  if (!rows.length) return { items: [], errors: errors.length ? errors : [{ line: 1, word: "empty-file" }] };
  const header = rows[0].cells.map((name) => name.trim().normalize("NFC"));
  const columns = form.fields.map((field) => field.column || field.name);
  const wrong = wrongHeader(header, columns);
  if (wrong) return { items: [], errors: [{ line: 1, ...wrong }] };
  const found = [];
  for (const { line, cells } of rows.slice(1)) {
    const problem = wrongRow(cells, header, columns, form.fields, limits.cell);
    if (problem) errors.push({ line, ...problem });
    else found.push(item(cells, header, columns, form.fields));
  }
  if (found.length > limits.rows) errors.push({ line: 1, word: "many-rows", count: limits.rows });
  if (!found.length && !errors.length) errors.push({ line: 1, word: "no-rows" });
  errors.sort((one, other) => one.line - other.line);
  return { items: found, errors };
}

function wrongHeader(header, columns) {
  if (new Set(header).size !== header.length) {
    const twin = header.find((name, at) => header.indexOf(name) !== at);
    return { word: "twins", columns: quoted([twin]) };
  }
  const missing = [...new Set(columns)].filter((column) => !header.includes(column));
  return missing.length ? { word: "missing", columns: quoted(missing) } : null;
}

function wrongRow(cells, header, columns, fields, longest) {
  if (cells.length !== header.length) return { word: "cells", count: cells.length, of: header.length };
  for (const [at, field] of fields.entries()) {
    const value = cells[header.indexOf(columns[at])];
    const about = { columns: quoted([columns[at]]) };
    if (value.length > longest && [...value].length > longest) return { word: "long", count: longest, ...about };
    if (field.required && !value.trim()) return { word: "empty", ...about };
    if (value.includes("\0") || !value.isWellFormed()) return { word: "unstorable", ...about };
  }
  return null;
}

function item(cells, header, columns, fields) {
  const value = (at) => cells[header.indexOf(columns[at])].trim().normalize("NFC");
  return Object.fromEntries(fields.map((field, at) => [field.name, value(at)]));
}

function quoted(names) {
  return names.slice(0, 20).map((name) => `“${name.slice(0, 60)}”`).join(", ");
}

// {rows: [{line, cells}], broken: line or 0}: a row's line is that of its first character. Past a broken quote nothing
// can be told apart any more.
export function parsed(text) {
  const first = text.split("\n", 1)[0];
  const separator = first.split(";").length > first.split(",").length ? ";" : ",";
  const rows = [];
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const begun = line;
    const cells = [];
    let more = true;
    while (more) {
      const cell = text[at] === '"' ? quotedCell(text, at) : plainCell(text, at, separator);
      if (!cell) return { rows, broken: begun };
      line += breaks(cell.value);
      cells.push(cell.value);
      at = cell.next;
      more = text[at] === separator;
      if (!more && at < text.length && text[at] !== "\n" && text[at] !== "\r") return { rows, broken: begun };
      if (more) at += 1;
    }
    if (text[at] === "\r") at += 1;
    if (text[at] === "\n") at += 1;
    line += 1;
    if (cells.length > 1 || cells[0] !== "") rows.push({ line: begun, cells });
  }
  return { rows, broken: 0 };
}

function quotedCell(text, begin) {
  let value = "";
  let at = begin + 1;
  for (;;) {
    const end = text.indexOf('"', at);
    if (end < 0) return null;
    value += text.slice(at, end);
    if (text[end + 1] !== '"') return { value, next: end + 1 };
    value += '"';
    at = end + 2;
  }
}

function plainCell(text, begin, separator) {
  let end = begin;
  while (end < text.length && text[end] !== separator && text[end] !== "\n" && text[end] !== "\r") end += 1;
  return { value: text.slice(begin, end), next: end };
}

function breaks(value) {
  return value.match(/\r\n|\r|\n/g)?.length ?? 0;
}
