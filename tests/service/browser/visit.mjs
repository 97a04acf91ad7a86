// SPDX-License-Identifier: GPL-3.0-or-later
// Visits a page as `node visit.mjs URL STEPS` says: STEPS is JSON, each step {do: …}; prints what was seen as JSON.
import { writeFileSync } from "node:fs";
import puppeteer from "puppeteer-core";

// The libraries that it comes with, which not every machine has.
process.env.AWS_LAMBDA_JS_RUNTIME ??= "nodejs22.x";
const { default: chromium } = await import("@sparticuz/chromium");

const [url, steps] = [process.argv[2], JSON.parse(process.argv[3])];
const own = process.platform === "linux" && process.arch === "x64";
const launch = async () =>
  puppeteer.launch({
    args: own ? chromium.args : [],
    ...(own ? { executablePath: await chromium.executablePath() } : { channel: "chrome" }),
    headless: own ? "shell" : true,
  });
// Its first start on a busy machine may be killed.
const browser = await launch().catch(launch);
const page = await browser.newPage();
const seen = { errors: [], asked: [], looks: [] };
page.on("pageerror", (error) => seen.errors.push(String(error)));
page.on("console", (line) => line.type() === "error" && seen.errors.push(line.text()));
page.on("request", (request) => seen.asked.push(request.url()));
page.setDefaultTimeout(60000);
await page.setViewport({ width: 900, height: 640 });
await page.goto(url);
const has = (text) => page.waitForFunction((wanted) => document.body.innerText.includes(wanted), { polling: 100 }, text);
try {
  for (const step of steps) {
    if (step.reload) await page.reload();
    if (step.type) await page.type("input", step.type);
    if (step.click) await page.locator(`::-p-aria([name="${step.click}"][role="button"])`).click();
    if (step.wait) await has(step.wait);
    if (step.picture) {
      await page.waitForFunction(() => [...document.images].some((image) => image.naturalWidth > 0), { polling: 100 });
    }
    if (step.shot) await page.screenshot({ path: step.shot });
    if (step.tell) writeFileSync(step.tell, "");
    seen.looks.push(await page.evaluate(() => document.body.innerText));
  }
} catch (error) {
  console.error(`${error}\n${JSON.stringify(seen)}\n${await page.evaluate(() => document.body.innerText)}`);
  process.exit(1);
}
seen.address = page.url();
console.log(JSON.stringify(seen));
await browser.close();
