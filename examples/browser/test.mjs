// Opens the built page in Chromium, damages a digit, draws one by touch on a phone, and looks at what comes out.
//
//     npm install --no-save playwright-core@1
//     node test.mjs PAGE [PICTURES]      # PAGE is what build.py wrote; CHROMIUM is /usr/bin/chromium unless it is set

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { join, normalize } from "node:path";
import { chromium } from "playwright-core";

const [, , page_folder, pictures] = process.argv;
const TYPES = { html: "text/html", js: "text/javascript", mjs: "text/javascript", css: "text/css", json: "application/json", wasm: "application/wasm" };

const server = createServer(async (request, response) => {
  const path = normalize(new URL(request.url, "http://localhost").pathname).replace(/\/$/, "/index.html");
  try {
    const body = await readFile(join(page_folder, path));
    response.writeHead(200, { "content-type": TYPES[path.split(".").pop()] ?? "application/octet-stream" });
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const home = `http://127.0.0.1:${server.address().port}/`;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

/** A page that is ready, with all that went wrong in it. */
async function open(options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => { if (message.type() === "error") problems.push(message.text()); });
  page.on("request", (request) => { if (!request.url().startsWith(home) && !/^(data|blob):/.test(request.url())) problems.push(`asks ${request.url()}`); });
  await page.goto(home);
  const ready = page.waitForFunction(() => document.documentElement.dataset.ready && window.found, null, { timeout: 60_000 });
  await ready.catch((error) => { throw new Error(`${error.message}\n${problems.join("\n")}`); });
  return { page, problems };
}

/** Sets a control, and waits until the page has asked the network about it. */
async function set(page, values) {
  await page.evaluate((values) => {
    window.found = null;
    const form = document.getElementById("controls");
    for (const [name, value] of Object.entries(values)) form.elements[name].value = value;
    form.dispatchEvent(new Event("input", { bubbles: true }));
  }, values);
  await page.waitForFunction(() => window.found);
  return page.evaluate(() => window.found);
}

const picture = async (page, name) => pictures && page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });

try {
  const { page, problems } = await open({ viewport: { width: 1000, height: 900 } });
  const clean = await set(page, { rotation: 0 });
  const sum = clean.probabilities.reduce((a, b) => a + b);
  assert.ok(Math.abs(sum - 1) < 1e-4, `probabilities sum to ${sum}`);
  const damaged = await set(page, { rotation: 40, down: -4, contrast: 0.5 });
  const words = await page.textContent("#words");
  assert.match(words, /rotated \d+° counter-clockwise/);
  assert.match(words, /moved up by \d/);
  assert.match(words, /contrast 0\.[3-7]/);
  assert.ok(damaged.values.rotation > clean.values.rotation + 15, `rotation ${clean.values.rotation} → ${damaged.values.rotation}`);
  assert.equal(damaged.probabilities.indexOf(Math.max(...damaged.probabilities)), 4, "the restored 4 is a 4");
  await picture(page, "page");
  // A scribble shows on what the network sees.
  const box = await page.locator("#seen").boundingBox();
  await page.mouse.move(box.x + 0.1 * box.width, box.y + 0.9 * box.height);
  await page.mouse.down();
  await page.mouse.move(box.x + 0.9 * box.width, box.y + 0.85 * box.height, { steps: 8 });
  await page.mouse.up();
  await page.waitForTimeout(300);
  await picture(page, "scribbled");
  assert.deepEqual(problems, []);

  const phone = await open({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 });
  const wide = await phone.page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  assert.ok(!wide, "a phone does not scroll sideways");
  // A 1 drawn by a finger.
  await phone.page.tap("#clear");
  await phone.page.locator("#pad").scrollIntoViewIfNeeded();
  const pad = await phone.page.locator("#pad").boundingBox();
  const touch = await phone.page.context().newCDPSession(phone.page);
  const finger = (type, y) => touch.send("Input.dispatchTouchEvent", { type, touchPoints: type === "touchEnd" ? [] : [{ x: pad.x + pad.width / 2, y: pad.y + y * pad.height }] });
  await finger("touchStart", 0.2);
  for (let y = 0.25; y < 0.8; y += 0.05) await finger("touchMove", y);
  await finger("touchEnd", 0.8);
  await phone.page.waitForTimeout(500);
  const drawn = await set(phone.page, { contrast: 0.6 });
  assert.ok(drawn.probabilities[1] > 0.8, `a stroke down is a 1: ${drawn.probabilities}`);
  await phone.page.evaluate(() => scrollTo(0, 0));
  await picture(phone.page, "phone");
  assert.deepEqual(phone.problems, []);
  console.log("the page works: ", words.trim());
} finally {
  await browser.close();
  server.close();
}
