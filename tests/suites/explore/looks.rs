//! Narrow windows, large letters, dark rooms.

use serde_json::json;

use crate::configuration::{Folder, TEST_ONLY};
use crate::visit::Visit;

const TABS: [&str; 3] = ["#tab-matrix", "#tab-verdict", "#tab-differences"];

/// At 200 % a window of 1280 dots has 640 pixels
#[test]
fn nothing_is_cut_off_at_360_pixels_and_at_200_percent() {
    let candidate = Folder::with("TestOnly.json", &TEST_ONLY.replace("\"test\"", "\"dev\""));
    let page = Visit::to(
        Folder::small(),
        &["--candidate", candidate.path().to_str().unwrap()],
    );
    for (width, scale) in [(360, 1), (640, 2), (1400, 1)] {
        page.resize(width, 900, scale);
        for tab in TABS {
            page.click(tab);
            let wide =
                page.value("document.documentElement.scrollWidth - document.documentElement.clientWidth");
            assert_eq!(wide, 0, "{tab} is wider than {width} pixels");
            page.picture(&format!("{}-{width}", &tab[1..]));
        }
    }
    page.end();
}

/// The contrast of two colours, as WCAG counts it
const CONTRASTS: &str = "(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const light = (color) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map((part) => {
      const c = part / 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const back = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (!/, 0\\)$/.test(color)) return color;
    }
    return 'white';
  };
  const poor = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility() || element.closest('.hidden, .skip, noscript')) continue;
    const [a, b] = [getComputedStyle(element).color, back(element)].map(light);
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) poor.push(`${element.textContent.slice(0, 40)}: ${contrast.toFixed(2)}`);
  }
  return poor;
})()";

#[test]
fn letters_have_contrast_in_light_and_dark() {
    let page = Visit::to(Folder::small(), &[]);
    for scheme in ["light", "dark"] {
        let features = json!({"features": [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]});
        page.devtools("Emulation.setEmulatedMedia", &features);
        for tab in TABS {
            page.click(tab);
            assert_eq!(page.value(CONTRASTS), json!([]), "{tab}, {scheme}");
        }
        assert_eq!(page.value("document.getAnimations().length"), 0);
        page.click("#tab-matrix");
        page.click("[data-principal='user/alice'][data-action='eci:DeleteContainerGroup']");
        page.wait_for("#cell", "by TestOnly#2");
        assert_eq!(page.value(CONTRASTS), json!([]), "trace, {scheme}");
        page.picture(&format!("trace-{scheme}"));
    }
    page.end();
}
