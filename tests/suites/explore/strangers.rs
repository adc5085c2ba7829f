//! Who reaches the port and gets nothing.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::browser::Browser;
use crate::configuration::Folder;
use crate::server::Server;

/// The status line of an answer
fn answer(server: &Server, path: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n"
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn another_host_another_site_and_no_token_get_nothing() {
    let config = Folder::small();
    let server = Server::start(config.path(), &[]);
    let (own, path) = (server.address().to_owned(), server.path().to_owned());
    let host = format!("Host: {own}\r\n");
    assert_eq!(answer(&server, &path, &host), "HTTP/1.1 200 OK");
    for (path, headers, status) in [
        (path.as_str(), "Host: evil.example\r\n".to_owned(), "421"),
        (&path, String::new(), "421"),
        (&path, format!("{host}Origin: http://evil.example\r\n"), "403"),
        (&path, format!("{host}Sec-Fetch-Site: cross-site\r\n"), "403"),
        ("/", host.clone(), "404"),
        ("/api/status", host.clone(), "404"),
    ] {
        let line = answer(&server, path, &headers);
        assert!(line.contains(status), "{path} {headers}: {line}");
    }
}

/// A page of another origin in the same browser, as whoever reads their mail has open
#[test]
fn a_page_of_another_site_reads_nothing_even_with_the_address() {
    let config = Folder::small();
    let server = Server::start(config.path(), &[]);
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let site = format!("http://{}/", other.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in other.incoming().flatten() {
            let mut head = [0; 2048];
            drop(stream.read(&mut head));
            let page = "<!doctype html><title>other</title>";
            drop(write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
                page.len()
            ));
        }
    });
    let browser = Browser::start();
    browser.open(&site);
    browser.value(&format!(
        "window.read = null; fetch('{}api/status').then((answer) => answer.text()).then(
            (text) => {{ window.read = text; }}, () => {{ window.read = 'nothing'; }}); 0",
        server.url
    ));
    browser.wait("an answer", || {
        let read = browser.value("window.read");
        read.is_string().then(|| assert_eq!(read, "nothing"))
    });
    // Nor can it frame the page
    browser.value(&format!(
        "const frame = document.createElement('iframe'); frame.src = '{}'; document.body.append(frame); 0",
        server.url
    ));
    browser.wait("a refusal", || {
        browser
            .complaints()
            .iter()
            .any(|said| said.contains("403"))
            .then_some(())
    });
}

#[test]
fn an_address_that_is_no_loopback_does_not_answer() {
    let config = Folder::small();
    let server = Server::start(config.path(), &[]);
    let port = server.address().rsplit_once(':').unwrap().1;
    // Another address of this machine: nothing listens there
    let others = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let port = format!("{:04X}", port.parse::<u16>().unwrap());
    let bound: Vec<&str> = others
        .lines()
        .filter_map(|line| line.split_whitespace().nth(1))
        .filter(|local| local.ends_with(&format!(":{port}")))
        .collect();
    assert!(bound.contains(&format!("0100007F:{port}").as_str()), "{bound:?}");
    assert!(
        bound.iter().all(|local| local.starts_with("0100007F")),
        "{bound:?}"
    );
}
