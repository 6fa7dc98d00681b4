// The page of a server: a form made from a domain's JSON Schema, and the document that is written from it.
// All text reaches the page as text (textContent, value), never as HTML.

const at = (id) => document.getElementById(id);
let domains = [];
let sets = []; // the names of the sets of examples
let fields = null; // of the form that is shown
let options = null;
let running = null; // the AbortController of the request that runs
let written = null; // the finished document

function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

const UNREACHED = "the server cannot be reached; see whether it runs, and try again";
const GONE = "the server went away before the text was finished; write it again";

// Say in our words what each browser says in others, that nothing comes any more; what was stopped stays so.
const instead = (message) => (error) => {
  throw error.name === "AbortError" ? error : new Error(message);
};

async function ask(path, body) {
  const headers = {};
  if (at("key").value) headers.Authorization = `Bearer ${at("key").value}`;
  if (body) headers["Content-Type"] = "application/json";
  const signal = running?.signal;
  const sent = { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body), signal };
  const response = await fetch(path, sent).catch(instead(UNREACHED));
  if (response.ok) return response;
  if (response.status === 401) at("key-row").hidden = false;
  const told = await response.json().catch(() => ({}));
  throw Object.assign(new Error(told.error?.message ?? `the server answered ${response.status}`), told.error);
}

// ---- the form ----

const words = (name) => {
  const text = name.replaceAll("_", " ");
  return text[0].toUpperCase() + text.slice(1);
};

function plain(schema, definitions) {
  // What may also be null is optional, as everything is that has a default.
  const one = (schema.anyOf ?? [schema]).find((each) => each.type !== "null") ?? schema;
  const found = one.$ref ? definitions[one.$ref.split("/").pop()] : one;
  return { ...found, description: schema.description ?? found.description, default: schema.default ?? found.default };
}

function labelled(name, path, control, schema, needed) {
  const id = `field-${path}`;
  const hint = make("small", { id: `${id}-hint`, textContent: schema.description ?? "" });
  control.id = id;
  control.dataset.path = path;
  control.setAttribute("aria-describedby", hint.id);
  if (needed) control.setAttribute("aria-required", "true");
  const label = make("label", { htmlFor: id, textContent: words(name) + (needed ? " (needed)" : "") });
  if (control.type === "checkbox") {
    label.prepend(control);
    return make("div", { className: "field check" }, label, hint);
  }
  return make("div", { className: "field" }, label, hint, control);
}

// A field is its element and what it says: undefined where nothing was given.
function field(name, path, given, definitions, needed) {
  const schema = plain(given, definitions);
  const leaf = (control, value) => ({ element: labelled(name, path, control, schema, needed), value });
  if (schema.enum) {
    const control = make("select", {}, ...schema.enum.map((each) => make("option", { textContent: each, selected: each === schema.default })));
    return leaf(control, () => (control.value === String(schema.default) ? undefined : control.value));
  }
  if (schema.type === "boolean") {
    const control = make("input", { type: "checkbox", checked: schema.default ?? false });
    return leaf(control, () => (control.checked === (schema.default ?? false) ? undefined : control.checked));
  }
  if (schema.type === "integer" || schema.type === "number") {
    const control = make("input", { type: "number", step: schema.type === "integer" ? 1 : "any", min: schema.minimum ?? "" });
    return leaf(control, () => (control.value === "" ? undefined : Number(control.value)));
  }
  if (schema.format === "binary") {
    const control = make("input", { type: "file" });
    return leaf(control, () => control.files[0] && encoded(control.files[0]));
  }
  if (schema.properties) return group(name, path, schema, definitions);
  if (schema.type === "array" && schema.items.enum) return choices(name, path, schema);
  if (schema.type === "array" && plain(schema.items, definitions).properties) return list(name, path, schema, definitions);
  const control = make("textarea", { rows: 1, spellcheck: true });
  if (schema.type === "array") {
    schema.description = `${schema.description ?? ""} One a line.`.trim();
    return leaf(control, () => {
      const lines = control.value.split("\n").map((line) => line.trim()).filter(Boolean);
      return lines.length ? lines : undefined;
    });
  }
  return leaf(control, () => control.value || undefined);
}

function choices(name, path, schema) {
  const boxes = schema.items.enum.map((each, number) => make("input", { type: "checkbox", value: each, id: `field-${path}.${number}` }));
  const element = make("fieldset", {}, make("legend", { textContent: words(name) }), make("small", { textContent: schema.description }),
    ...boxes.map((box) => make("div", { className: "check" }, make("label", { htmlFor: box.id }, box, box.value))));
  return { element, value: () => {
    const found = boxes.filter((box) => box.checked).map((box) => box.value);
    return found.length ? found : undefined;
  } };
}

function group(name, path, schema, definitions) {
  const inner = Object.entries(schema.properties).map(([each, kind]) =>
    [each, field(each, `${path}.${each}`, kind, definitions, schema.required?.includes(each))]);
  const element = make("fieldset", {}, make("legend", { textContent: words(name) }),
    make("small", { textContent: schema.description ?? "" }), ...inner.map(([, each]) => each.element));
  return { element, value: () => gathered(inner) };
}

function list(name, path, schema, definitions) {
  const items = [];
  const box = make("div");
  const add = make("button", { type: "button", textContent: `Add to ${words(name).toLowerCase()}` });
  add.onclick = () => {
    const item = group(name, `${path}.${items.length}`, plain(schema.items, definitions), definitions);
    const remove = make("button", { type: "button", textContent: "Remove" });
    remove.onclick = () => {
      items.splice(items.indexOf(item), 1);
      item.element.remove();
      add.focus();
    };
    item.element.append(remove);
    items.push(item);
    box.append(item.element);
    item.element.querySelector("input, textarea, select")?.focus();
  };
  const element = make("fieldset", {}, make("legend", { textContent: words(name) }),
    make("small", { textContent: schema.description ?? "" }), box, add);
  return {
    element,
    value: async () => {
      const found = (await Promise.all(items.map((item) => item.value()))).filter((each) => each !== undefined);
      return found.length ? found : undefined;
    },
  };
}

async function gathered(entries) {
  const found = {};
  for (const [name, each] of entries) {
    const value = await each.value();
    if (value !== undefined) found[name] = value;
  }
  return Object.keys(found).length ? found : undefined;
}

async function encoded(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return { $base64: btoa(text) };
}

const OPTIONS = {
  explain: { type: "boolean", default: false, description: "Say what each sentence rests on; this takes longer than writing." },
  format: { description: "The format that is downloaded." },
  privacy: { enum: ["as set", "off", "report", "redact", "refuse"], default: "as set", description: "What becomes of personal data that is not in the request." },
  temperature: { type: "number", minimum: 0, description: "Boldness of the choice of words; 0 takes the likeliest." },
  seed: { type: "integer", minimum: 0, description: "The same seed gives the same text." },
  candidates: { type: "integer", minimum: 1, description: "Write up to so many drafts for the best." },
  budget: { type: "number", minimum: 0, description: "Seconds to write in." },
};

async function showForm() {
  const name = at("domain").value;
  const shown = await (await ask(`/v1/domains/${encodeURIComponent(name)}`)).json();
  const { properties, required, $defs } = shown.schema;
  tell("");
  fields = Object.entries(properties).map(([each, schema]) => [each, field(each, each, schema, $defs, required?.includes(each))]);
  at("fields").replaceChildren(make("legend", { textContent: shown.summary }), ...fields.map(([, each]) => each.element));
  const formats = shown.formats.map((format) => format.name);
  const like = { type: "array", items: { enum: sets }, description: "Sets of examples to write like." };
  const offered = { ...(sets.length ? { like } : {}), ...OPTIONS, format: { ...OPTIONS.format, enum: formats, default: formats[0] } };
  options = Object.entries(offered).map(([each, schema]) => [each, field(each, `option-${each}`, schema, {}, false)]);
  at("options").replaceChildren(...options.map(([, each]) => each.element));
  at("text").classList.toggle("code", name.startsWith("code"));
  at("model").textContent = `${shown.model} writes, on this server.`;
}

// ---- the document ----

async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read().catch(instead(GONE));
    if (done) return;
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    for (const part of parts) {
      const data = part.replace(/^data: /, "");
      if (data === "[DONE]") return;
      yield JSON.parse(data);
    }
  }
}

async function write(event) {
  event.preventDefault();
  if (running) return;
  tell("");
  running = new AbortController();
  busy(true);
  try {
    if (!fields) return await begin();
    const request = (await gathered(fields)) ?? {};
    const how = (await gathered(options)) ?? {};
    const response = await ask(`/v1/domains/${encodeURIComponent(at("domain").value)}/generate`, { request, ...how, stream: true });
    written = null;
    at("about").hidden = true;
    at("text").replaceChildren();
    at("text").classList.add("provisional");
    at("text-title").scrollIntoView({ block: "nearest" });
    for await (const each of events(response)) {
      if (each.error) throw Object.assign(new Error(each.error.message), each.error);
      if (each.object === "document") show(each, how.explain);
      else if (each.object === "document.explanation") explain(each);
      else at("text").append(each.text);
    }
    if (!written) throw new Error(GONE);
  } catch (error) {
    if (error.name === "AbortError") at("status").textContent = written ? finished(written) : "Stopped; what is there was not checked.";
    else tell(error.message, error.param);
  } finally {
    running = null;
    busy(false);
  }
}

function busy(yes) {
  at("write").disabled = yes;
  at("stop").disabled = !yes;
  at("copy").disabled = at("download").disabled = yes || !written;
  at("text").setAttribute("aria-busy", yes);
  if (yes) at("status").textContent = "Writing ...";
  else if (at("status").textContent === "Writing ...") at("status").textContent = "";
}

// Say what is wrong: at the field that it is about, else above the buttons.
function tell(message, param) {
  for (const each of document.querySelectorAll("[aria-invalid]")) each.removeAttribute("aria-invalid");
  const control = param && (document.getElementById(`field-${param}`) ?? document.getElementById(`field-option-${param}`));
  if (control) control.after(at("error"));
  else at("write").parentElement.before(at("error"));
  at("error").textContent = message;
  if (!control) return;
  control.setAttribute("aria-invalid", "true");
  control.closest("details")?.setAttribute("open", "");
  control.focus();
}

// The three parts of the request or the template that made a sentence likeliest.
function explain(found) {
  const about = (sentence) => sentence.weights.slice(0, 3).filter((each) => each.value > 0).map((each) => {
    const part = found.parts[each.part];
    return make("li", {}, `${part.name}: “${part.text}” (+${each.value.toFixed(1)})`);
  });
  at("explanation").replaceChildren(...found.sentences.map((sentence) =>
    make("li", {}, make("q", { textContent: sentence.text }), ` ${sentence.note}`, make("ul", {}, ...about(sentence)))));
  at("explained").hidden = false;
  at("status").textContent = finished(written);
}

function finished(found) {
  const count = found.findings.filter((each) => each.severity !== "note").length;
  const words = found.text.split(/\s+/).filter(Boolean).length;
  return `Finished: ${words} words, ${count === 1 ? "1 finding" : `${count} findings`}.`;
}

function show(found, explains) {
  written = found;
  at("explained").hidden = true;
  at("text").classList.remove("provisional");
  at("text").replaceChildren(...marked(found));
  const findings = found.findings.filter((each) => each.severity !== "note");
  const items = findings.map((each) => make("li", {}, make("strong", { textContent: `${each.severity}: ` }), each.message));
  at("findings").replaceChildren(...(items.length ? items : [make("li", { textContent: "The checks have found nothing." })]));
  const made = found.provenance;
  const facts = {
    Model: made.model ?? "none was needed", Template: made.template, Seed: made.options.seed, Tokens: made.generated_tokens,
    Seconds: Object.entries(made.timings).reduce((sum, [what, time]) => sum + (what === "first_token" ? 0 : time), 0).toFixed(1),
    Changed: made.repairs.join("; ") || "nothing",
  };
  at("provenance").replaceChildren(...Object.entries(facts).flatMap(([name, value]) =>
    [make("dt", { textContent: name }), make("dd", { textContent: value })]));
  at("about").hidden = false;
  at("status").textContent = explains ? "Written; weighing what it rests on ..." : finished(found);
}

// The text with the places of the findings marked. The server counts characters, and JavaScript halves of some.
function marked(found) {
  const characters = Array.from(found.text);
  const places = found.findings.filter((each) => each.start !== null && each.severity !== "note" && each.start < each.end);
  places.sort((one, other) => one.start - other.start);
  const parts = [];
  let end = 0;
  for (const each of places) {
    if (each.start < end) continue;
    parts.push(characters.slice(end, each.start).join(""));
    parts.push(make("mark", { className: each.severity, title: each.message }, characters.slice(each.start, each.end).join("")));
    end = each.end;
  }
  return [...parts, characters.slice(end).join("")];
}

async function copy() {
  try {
    await navigator.clipboard.writeText(written.text);
    at("status").textContent = "Copied.";
  } catch {
    getSelection().selectAllChildren(at("text"));
    at("status").textContent = "Selected; copy it with the keyboard.";
  }
}

function download() {
  const { rendered } = written;
  const data = rendered?.base64 ? Uint8Array.from(atob(rendered.base64), (each) => each.charCodeAt(0)) : rendered?.text ?? written.text;
  const address = URL.createObjectURL(new Blob([data]));
  const name = `${written.domain.replaceAll(" ", "-")}${rendered?.suffix ?? ".txt"}`;
  make("a", { href: address, download: name }).click();
  URL.revokeObjectURL(address);
  at("status").textContent = `Downloaded ${name}.`;
}

async function begin() {
  try {
    domains = (await (await ask("/v1/domains")).json()).data;
    sets = (await (await ask("/v1/examples")).json()).data.map((each) => each.id);
    at("domain").replaceChildren(...domains.map((each) => make("option", { value: each.id, textContent: `${each.id}: ${each.summary}` })));
    if (domains.some((each) => each.id === "email")) at("domain").value = "email";
    await showForm();
    tell("");
  } catch (error) {
    tell(error.message);
    if (!at("key-row").hidden) at("key").focus();
  }
}

at("form").onsubmit = write;
at("form").onkeydown = (event) => {
  if (event.key === "Enter" && event.ctrlKey) at("form").requestSubmit();
};
at("stop").onclick = () => running?.abort();
at("copy").onclick = copy;
at("download").onclick = download;
at("domain").onchange = () => showForm().catch((error) => tell(error.message));
at("key").onchange = () => begin();
begin();
