//! A browser on a page.

use std::ops::Deref;

use crate::browser::Browser;
use crate::configuration::Folder;
use crate::server::Server;

/// A browser that has opened the page
pub(crate) struct Visit {
    browser: Browser,
    // Ends after the browser, so that the page never complains that it is gone
    pub(crate) server: Server,
    pub(crate) config: Folder,
}

impl Visit {
    pub(crate) fn to(config: Folder, arguments: &[&str]) -> Self {
        let server = Server::start(config.path(), arguments);
        let browser = Browser::start();
        browser.open(&server.url);
        browser.wait_for("#matrix-body", "user/alice");
        Self {
            browser,
            server,
            config,
        }
    }

    /// Checks that nothing went wrong that nobody sees
    pub(crate) fn end(self) {
        assert_eq!(
            self.refusals(),
            serde_json::json!([]),
            "the page's policy refused something"
        );
        let complaints = self.complaints();
        assert!(complaints.is_empty(), "{complaints:#?}");
    }
}

impl Deref for Visit {
    type Target = Browser;

    fn deref(&self) -> &Browser {
        &self.browser
    }
}
