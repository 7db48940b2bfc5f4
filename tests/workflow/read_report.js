// Clicks through a report as a reader does, and leaves what it saw as JSON in place of the page.
"use strict";
{
  const seen = { errors: [], requests: [], menu: [], results: [] };

  const failed = (event) => seen.errors.push(event.message ?? event.target.outerHTML.slice(0, 200));
  window.addEventListener("error", failed, true);
  window.addEventListener("unhandledrejection", (event) => seen.errors.push(`${event.reason}`));
  console.error = (...words) => seen.errors.push(words.join(" "));

  const all = (selector) => [...document.querySelectorAll(selector)];
  const rows = () => all("nav tbody tr");
  const settle = () => new Promise((done) => setTimeout(done, 50)); // React draws a moment later
  const click = async (element) => {
    element.click();
    await settle();
  };
  const clickText = (selector, text) => click(all(selector).find((link) => link.innerText === text));
  // What docutils could not make out stands in the page as a system message.
  const checkText = () => seen.errors.push(...all(".system-message").map((message) => message.innerText));

  const look = async () => {
    const image = all("img").find((candidate) => !candidate.closest("nav"));
    if (image) {
      for (let i = 0; i < 20 && !image.complete; i++) await settle();
      return { width: image.naturalWidth, shown: image.getBoundingClientRect().width };
    }
    return { frame: document.querySelector("iframe")?.src };
  };

  const read = async () => {
    await settle();
    seen.description = document.querySelector("#app .prose").innerText;
    checkText();
    const items = all("nav ul li").map((item) => item.innerText);
    seen.menu = items.slice(items.findIndex((text) => text.toLowerCase() === "results") + 1);
    for (const category of seen.menu) {
      await clickText("nav ul li a", category);
      for (let i = 0; i < rows().length; i++) {
        const [view, about] = rows()[i].querySelectorAll("a");
        const label = rows()[i].cells[0].innerText;
        await click(view);
        const result = await look();
        await click(about);
        checkText();
        seen.results.push({ category, label, caption: document.querySelector("nav .prose").innerText, ...result });
        await clickText("nav ol a", category);
      }
      await click(document.querySelector("nav ol a"));
    }
    seen.requests = performance.getEntriesByType("resource").map((entry) => entry.name);
  };

  window.addEventListener("load", async () => {
    await read().catch((error) => seen.errors.push(`${error.stack}`));
    document.documentElement.innerHTML = "<pre></pre>";
    document.querySelector("pre").textContent = JSON.stringify(seen);
  });
}
