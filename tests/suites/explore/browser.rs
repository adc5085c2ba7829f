//! Chromium through ChromeDriver, by the W3C WebDriver protocol.
//!
//! The protocol is JSON over HTTP. Clients for it exist as crates; each brings thirty to fifty others for what is one
//! function here.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// How long the page may take for anything; a machine that runs all tests at once is slow
const PATIENCE: Duration = Duration::from_secs(30);

/// The key by which WebDriver marks elements in JSON
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// The programs as `obtain.sh` finds them: ChromeDriver, then Chromium
static PROGRAMS: LazyLock<[String; 2]> = LazyLock::new(|| {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/tools/obtain.sh");
    let output = Command::new(script)
        .arg("browser")
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "there is no browser, see obtain.sh's message above"
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines = text.lines().map(str::to_owned);
    [lines.next().unwrap(), lines.next().unwrap()]
});

/// A browser with one window, which ends with this value, also after a failed test
pub(crate) struct Browser {
    driver: Child,
    port: u16,
    session: String,
    profile: TempDir,
}

/// An element of the page
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Element(String);

impl Browser {
    pub(crate) fn start() -> Self {
        let [driver, chromium] = &*PROGRAMS;
        let profile = tempfile::tempdir().unwrap();
        let mut driver = Command::new(driver)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = BufReader::new(driver.stdout.take().unwrap());
        let port = output.lines().map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        });
        let mut browser = Self {
            driver,
            port: port.expect("ChromeDriver names its port"),
            session: String::new(),
            profile,
        };
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--window-size=1400,900",
            &format!("--user-data-dir={}", browser.profile.path().display()),
        ];
        let started = browser.send(
            "POST",
            "/session",
            &json!({"capabilities": {"alwaysMatch": {
                "browserName": "chrome",
                "goog:chromeOptions": {"binary": chromium, "args": arguments},
                "goog:loggingPrefs": {"browser": "ALL"},
            }}}),
        );
        browser.session = started["sessionId"].as_str().unwrap().to_owned();
        // Counts what the page's policy refuses, from its first moment on
        browser.devtools(
            "Page.addScriptToEvaluateOnNewDocument",
            &json!({"source": "window.refusals = [];
                addEventListener('securitypolicyviolation', (event) => refusals.push(event.violatedDirective));"}),
        );
        browser
    }

    /// A command and its answer
    ///
    /// # Panics
    /// The driver refuses it.
    fn send(&self, method: &str, path: &str, body: &Value) -> Value {
        match self.try_send(method, path, body) {
            Ok(value) => value,
            Err(error) => panic!("{method} {path} {body}: {error}"),
        }
    }

    fn try_send(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let body = if method == "GET" {
            String::new()
        } else {
            body.to_string()
        };
        let failed = |error: std::io::Error| error.to_string();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).map_err(failed)?;
        stream.set_read_timeout(Some(PATIENCE * 2)).map_err(failed)?;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            self.port,
            body.len()
        );
        stream.write_all(head.as_bytes()).map_err(failed)?;
        stream.write_all(body.as_bytes()).map_err(failed)?;
        let mut answer = BufReader::new(stream);
        let (mut status, mut length) = (String::new(), 0);
        answer.read_line(&mut status).map_err(failed)?;
        loop {
            let mut line = String::new();
            answer.read_line(&mut line).map_err(failed)?;
            let Some((name, value)) = line.trim_end().split_once(':') else {
                break;
            };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut text = vec![0; length];
        answer.read_exact(&mut text).map_err(failed)?;
        let mut json: Value = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
        let value = json["value"].take();
        if status.contains(" 200 ") {
            Ok(value)
        } else {
            Err(value["message"].to_string())
        }
    }

    fn command(&self, method: &str, command: &str, body: &Value) -> Value {
        self.send(method, &format!("/session/{}/{command}", self.session), body)
    }

    fn get(&self, command: &str) -> Value {
        self.command("GET", command, &Value::Null)
    }

    /// A command of Chromium's own protocol
    pub(crate) fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.command(
            "POST",
            "goog/cdp/execute",
            &json!({"cmd": command, "params": parameters}),
        )
    }

    /// The value of an expression in the page
    pub(crate) fn value(&self, expression: &str) -> Value {
        let body = json!({"expression": expression, "returnByValue": true});
        self.devtools("Runtime.evaluate", &body)["result"]["value"].clone()
    }

    pub(crate) fn open(&self, url: &str) {
        self.command("POST", "url", &json!({"url": url}));
    }

    /// The size of the window's contents, and the number of dots for each of its pixels
    pub(crate) fn resize(&self, width: u32, height: u32, scale: u32) {
        let screen = json!({"width": width, "height": height, "deviceScaleFactor": scale, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", &screen);
    }

    /// All elements that a selector finds
    pub(crate) fn all(&self, selector: &str) -> Vec<Element> {
        let found = self.command(
            "POST",
            "elements",
            &json!({"using": "css selector", "value": selector}),
        );
        let elements = found.as_array().unwrap().iter();
        elements.map(Element::of).collect()
    }

    /// The first element that a selector finds, which may come a moment later
    pub(crate) fn find(&self, selector: &str) -> Element {
        self.wait(selector, || self.all(selector).into_iter().next())
    }

    /// The element that has the focus
    pub(crate) fn active(&self) -> Element {
        Element::of(&self.get("element/active"))
    }

    pub(crate) fn text(&self, element: &Element) -> String {
        let text = self.get(&format!("element/{}/text", element.0));
        text.as_str().unwrap().to_owned()
    }

    /// The text of the first element that a selector finds; empty if there is none
    pub(crate) fn text_of(&self, selector: &str) -> String {
        let body = serde_json::to_string(selector).unwrap();
        let text = self.value(&format!("document.querySelector({body})?.innerText ?? ''"));
        text.as_str().unwrap_or_default().to_owned()
    }

    /// The name that a screen reader says
    pub(crate) fn label(&self, element: &Element) -> String {
        let label = self.get(&format!("element/{}/computedlabel", element.0));
        label.as_str().unwrap().to_owned()
    }

    /// The role that a screen reader says
    pub(crate) fn role(&self, element: &Element) -> String {
        let role = self.get(&format!("element/{}/computedrole", element.0));
        role.as_str().unwrap().to_owned()
    }

    pub(crate) fn is_shown(&self, selector: &str) -> bool {
        let elements = self.all(selector);
        elements
            .first()
            .is_some_and(|element| self.get(&format!("element/{}/displayed", element.0)) == true)
    }

    pub(crate) fn click(&self, selector: &str) {
        let element = self.find(selector);
        self.command("POST", &format!("element/{}/click", element.0), &json!({}));
    }

    /// Replaces the text of an input
    pub(crate) fn write(&self, selector: &str, text: &str) {
        let element = self.find(selector);
        if text.is_empty() {
            // WebDriver's own way to clear tells the page of no input
            self.click(selector);
            self.press_with(key::CONTROL, 'a');
            return self.press(&key::DELETE.to_string());
        }
        self.command("POST", &format!("element/{}/clear", element.0), &json!({}));
        self.command(
            "POST",
            &format!("element/{}/value", element.0),
            &json!({"text": text}),
        );
    }

    /// Chooses an option of a list
    pub(crate) fn choose(&self, selector: &str, value: &str) {
        self.click(&format!("{selector} option[value={value}]"));
    }

    /// Presses keys one after the other on whatever has the focus; see [`key`] for those that are no letters
    pub(crate) fn press(&self, keys: &str) {
        let actions: Vec<Value> = keys
            .chars()
            .flat_map(|key| {
                [
                    json!({"type": "keyDown", "value": key}),
                    json!({"type": "keyUp", "value": key}),
                ]
            })
            .collect();
        let body = json!({"actions": [{"type": "key", "id": "keyboard", "actions": actions}]});
        self.command("POST", "actions", &body);
    }

    /// Presses a key while another one is held
    pub(crate) fn press_with(&self, held: char, key: char) {
        let actions = json!([
            {"type": "keyDown", "value": held}, {"type": "keyDown", "value": key},
            {"type": "keyUp", "value": key}, {"type": "keyUp", "value": held},
        ]);
        let body = json!({"actions": [{"type": "key", "id": "keyboard", "actions": actions}]});
        self.command("POST", "actions", &body);
    }

    /// What a function finds, which may come a moment later
    pub(crate) fn wait<T>(&self, what: &str, find: impl Fn() -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = find() {
                return found;
            }
            assert!(
                Instant::now() < end,
                "{what} does not come; the page says:\n{}",
                self.text_of("body")
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until the text of an element has some words
    pub(crate) fn wait_for(&self, selector: &str, words: &str) {
        self.wait(&format!("`{words}` in {selector}"), || {
            self.text_of(selector).contains(words).then_some(())
        });
    }

    /// The errors and warnings in the console since the last call
    pub(crate) fn complaints(&self) -> Vec<String> {
        let entries = self.command("POST", "se/log", &json!({"type": "browser"}));
        let entries = entries.as_array().unwrap().iter();
        let grave = entries.filter(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING");
        grave
            .map(|entry| entry["message"].as_str().unwrap().to_owned())
            .collect()
    }

    /// What the page's policy refused
    pub(crate) fn refusals(&self) -> Value {
        self.value("window.refusals")
    }

    /// Writes what is seen as a picture, if RAMGATE_TEST_PICTURES names a folder
    pub(crate) fn picture(&self, name: &str) {
        let Ok(folder) = std::env::var("RAMGATE_TEST_PICTURES") else {
            return;
        };
        let encoded = self.get("screenshot");
        let bytes = data_encoding::BASE64
            .decode(encoded.as_str().unwrap().as_bytes())
            .unwrap();
        std::fs::write(format!("{folder}/{name}.png"), bytes).unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends its browser with the session; what is left is found by its profile
        drop(self.try_send("DELETE", &format!("/session/{}", self.session), &Value::Null));
        drop(self.driver.kill());
        drop(self.driver.wait());
        let profile = self.profile.path().to_str().unwrap().as_bytes().to_vec();
        for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let command = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let is_own = command.windows(profile.len()).any(|part| part == profile);
            if let (true, Ok(process)) = (is_own, entry.file_name().into_string()) {
                drop(
                    Command::new("kill")
                        .args(["-9", &process])
                        .stderr(Stdio::null())
                        .status(),
                );
            }
        }
    }
}

impl Element {
    fn of(json: &Value) -> Self {
        Self(json[ELEMENT].as_str().unwrap().to_owned())
    }
}

/// Keys that are no letters, as WebDriver numbers them
pub(crate) mod key {
    pub(crate) const TAB: char = '\u{e004}';
    pub(crate) const ENTER: char = '\u{e007}';
    pub(crate) const SHIFT: char = '\u{e008}';
    pub(crate) const CONTROL: char = '\u{e009}';
    pub(crate) const ESCAPE: char = '\u{e00c}';
    pub(crate) const PAGE_DOWN: char = '\u{e00f}';
    pub(crate) const END: char = '\u{e010}';
    pub(crate) const HOME: char = '\u{e011}';
    pub(crate) const LEFT: char = '\u{e012}';
    pub(crate) const UP: char = '\u{e013}';
    pub(crate) const RIGHT: char = '\u{e014}';
    pub(crate) const DOWN: char = '\u{e015}';
    pub(crate) const DELETE: char = '\u{e017}';
}
