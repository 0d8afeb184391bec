// Runs in the page: which texts and signs are too faint on what is behind them, by WCAG 2.2 at level AA.
(() => {
  const TEXT = 4.5;
  const LARGE = 3;
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

  const known = new Map();

  function rgba(colour) {
    if (!known.has(colour)) known.set(colour, painted(colour));
    return known.get(colour);
  }

  function painted(colour) {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  }

  const over = ([r, g, b, a], [r2, g2, b2]) => [
    r * a + r2 * (1 - a),
    g * a + g2 * (1 - a),
    b * a + b2 * (1 - a),
    1,
  ];

  /** What is painted behind an element, up to the page. */
  function behind(element) {
    const layers = [];
    for (let at = element; at !== null; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      layers.push(colour);
      if (colour[3] === 1 || at.tagName === "DIALOG") break;
    }
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255, 1]);
  }

  function luminance([r, g, b]) {
    const [x, y, z] = [r, g, b].map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  }

  function ratio(a, b) {
    const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  }

  function isSeen(element) {
    const { visibility, clipPath } = getComputedStyle(element);
    const { width, height } = element.getBoundingClientRect();
    return (
      visibility === "visible" &&
      clipPath === "none" &&
      width > 0 &&
      height > 0 &&
      !element.closest(".unseen, .skip")
    );
  }

  function words(element) {
    return [...element.childNodes].some(
      (node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== "",
    );
  }

  const faint = [];
  const check = (element, colour, least) => {
    const back = behind(element);
    const found = ratio(over(rgba(colour), back), back);
    if (found >= least) return;
    const what = (element.textContent || element.outerHTML).trim().slice(0, 40);
    faint.push(
      `${found.toFixed(2)} of ${least}: ${element.tagName}.${element.getAttribute("class") ?? ""} ${what}`,
    );
  };
  for (const element of document.querySelectorAll("body *")) {
    if (!isSeen(element)) continue;
    const { color, fontSize, fontWeight, stroke } = getComputedStyle(element);
    const size = Number.parseFloat(fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(fontWeight) >= 700);
    if (words(element)) check(element, color, isLarge ? LARGE : TEXT);
    if (element.matches("svg.icon")) check(element.parentElement, stroke, LARGE);
    if (element.matches("input, select"))
      check(element.parentElement, getComputedStyle(element).borderTopColor, LARGE);
  }
  return faint;
})();
