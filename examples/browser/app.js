// Draws, damages, asks the exported restorer, and shows what it says.

import * as ort from "./ort/ort.wasm.min.mjs";
import { words } from "./words.js";
import { SIDE, centred, damaged } from "./damage.js";

// One thread: more would ask for headers that a plain file server does not send.
ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = new URL("./ort/", import.meta.url).href;

const [pad, seenCanvas, restoredCanvas] = ["pad", "seen", "restored"].map((id) => document.getElementById(id));
const form = document.getElementById("controls");
const said = document.getElementById("words");

/** What is known: the drawn digit, the scribbles over it as opacities, and what there is to start from. */
const state = { digit: new Float32Array(SIDE * SIDE), scribble: new Float32Array(SIDE * SIDE), examples: [], next: 0 };

const [session, about, examples] = await Promise.all([
  ort.InferenceSession.create("./restorer.onnx"),
  fetch("./restorer.json").then((file) => file.json()),
  fetch("./digits.json").then((file) => file.json()),
]);
state.examples = examples.digits;
/** Whether the network is being asked, and is to be asked again after that. */
let [running, again] = [false, false];
/** Whether the pad holds a drawing, rather than one of the digits to start from. */
let drawn = false;

function settings() {
  const of = (name) => Number(form.elements[name].value);
  return { rotation: of("rotation"), right: of("right"), down: of("down"), contrast: of("contrast"), brightness: of("brightness") };
}


/** Shows what becomes of the digit; while the network is asked, later changes wait. */
async function update() {
  if (running) { again = true; return; }
  running = true;
  do {
    again = false;
    const seen = damaged(state.digit, settings(), state.scribble);
    paint(seenCanvas, seen);
    const found = await session.run({ image: new ort.Tensor("float32", seen, [1, 1, SIDE, SIDE]) });
    paint(restoredCanvas, found.restored.data);
    const values = Object.fromEntries(about.parameters.map(({ name }, i) => [name, found.parameters.data[i]]));
    const blank = state.digit.every((value) => value === 0);
    said.innerHTML = blank ? "Draw a digit with a finger or the mouse." : `What was found: <strong>${words(values)}</strong>.`;
    showClasses(found.probabilities_alone.data, found.probabilities.data);
    // For tests.
    window.found = { values, restored: [...found.restored.data], alone: [...found.probabilities_alone.data], probabilities: [...found.probabilities.data] };
  } while (again);
  running = false;
}

function paint(canvas, pixels) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(SIDE, SIDE);
  pixels.forEach((value, i) => image.data.set([255 * value, 255 * value, 255 * value, 255], 4 * i));
  context.putImageData(image, 0, 0);
}

function makeTable(classes) {
  const cell = '<td><div class="share"><div class="bar"><i></i></div><b></b></div></td>';
  document.querySelector("#classes tbody").innerHTML = classes.map((name) => `<tr><th scope="row">${name}</th>${cell}${cell}</tr>`).join("");
}

function showClasses(...columns) {
  const best = columns.map((column) => column.indexOf(Math.max(...column)));
  document.querySelectorAll("#classes tbody tr").forEach((row, i) => {
    row.querySelectorAll("td").forEach((cell, column) => {
      const share = columns[column][i];
      cell.querySelector("i").style.width = `${100 * share}%`;
      cell.querySelector("b").textContent = share < 0.005 ? "" : `${Math.round(100 * share)}%`;
      cell.classList.toggle("best", best[column] === i);
    });
  });
}

/** Takes the next of the digits to start from. */
function example() {
  const bytes = Uint8Array.from(atob(state.examples[state.next++ % state.examples.length]), (c) => c.charCodeAt(0));
  state.digit = Float32Array.from(bytes, (byte) => byte / 255);
  const small = document.createElement("canvas");
  small.width = small.height = SIDE;
  paint(small, state.digit);
  const context = pad.getContext("2d");
  context.imageSmoothingEnabled = true;
  context.drawImage(small, 0, 0, pad.width, pad.height);
  drawn = false;
  update();
}

function clearPad() {
  const context = pad.getContext("2d");
  context.fillStyle = "#000";
  context.fillRect(0, 0, pad.width, pad.height);
  state.digit = new Float32Array(SIDE * SIDE);
  drawn = true;
}

/** Calls `stroke` with the ends of every piece of a line that is drawn, in shares of the canvas's side. */
function follow(canvas, begin, stroke) {
  let last = null;
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    begin();
    last = place(event);
    stroke(last, last);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!last) return;
    const here = place(event);
    stroke(last, here);
    last = here;
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { last = null; });
}

function line(context, side, from, to, width) {
  context.strokeStyle = "#fff";
  context.lineWidth = width;
  context.lineCap = "round";
  context.beginPath();
  context.moveTo(from[0] * side, from[1] * side);
  context.lineTo(to[0] * side, to[1] * side);
  context.stroke();
}

function bind() {
  form.addEventListener("input", () => { tell(); update(); });
  const on = (id, action) => document.getElementById(id).addEventListener("click", action);
  on("example", example);
  on("clear", () => { clearPad(); pad.scrollIntoView({ block: "nearest" }); update(); });
  on("wipe", () => { state.scribble.fill(0); update(); });
  on("reset", () => set({ rotation: 0, right: 0, down: 0, contrast: 1, brightness: 0 }, true));
  on("random", () => {
    const between = (low, high) => low + (high - low) * Math.random();
    set({ rotation: between(-45, 45), right: between(-5, 5), down: between(-5, 5), contrast: between(0.35, 0.9), brightness: between(0, 0.2) });
  });
  const large = pad.getContext("2d", { willReadFrequently: true });
  follow(pad, () => { if (!drawn) clearPad(); }, (from, to) => {
    line(large, pad.width, from, to, 24);
    state.digit = centred(large.getImageData(0, 0, pad.width, pad.height));
    update();
  });
  const layer = document.createElement("canvas");
  layer.width = layer.height = SIDE;
  const small = layer.getContext("2d", { willReadFrequently: true });
  follow(seenCanvas, () => {}, (from, to) => {
    small.clearRect(0, 0, SIDE, SIDE);
    line(small, SIDE, from, to, 1.6);
    const alpha = small.getImageData(0, 0, SIDE, SIDE).data;
    state.scribble.forEach((old, i) => { state.scribble[i] = Math.max(old, alpha[4 * i + 3] / 255); });
    update();
  });
  tell();
}

function set(values, wipe = false) {
  for (const [name, value] of Object.entries(values)) form.elements[name].value = value;
  if (wipe) state.scribble.fill(0);
  tell();
  update();
}

function tell() {
  for (const input of form.querySelectorAll("input")) {
    input.parentElement.querySelector("output").textContent = `${input.value}${input.dataset.unit}`;
  }
}

makeTable(about.classes);
bind();
example();
document.documentElement.dataset.ready = "yes";
