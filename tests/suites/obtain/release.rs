//! A stand-in for Kubernetes' release: a server on this machine with a few files and a few bad habits.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What the server does with a request
#[derive(Clone)]
pub(crate) enum Answer {
    /// The whole file, or what a range asks for
    File(Vec<u8>),
    /// It breaks off after so many bytes of the file, each time
    BreaksOff(Vec<u8>, usize),
    Status(u16),
    Redirect(String),
    /// A file that is said to be longer than any disk
    Huge,
    /// A file that does not say its length and does not end
    Endless,
    /// It accepts the connection and says nothing
    Silence,
    /// The file, after a while
    Slow(Vec<u8>, Duration),
}

/// The running server
pub(crate) struct Release {
    port: u16,
    answers: Arc<Mutex<HashMap<String, Answer>>>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Release {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let release = Self {
            port: listener.local_addr().unwrap().port(),
            answers: Arc::default(),
            requests: Arc::default(),
        };
        let (answers, requests) = (release.answers.clone(), release.requests.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (answers, requests) = (answers.clone(), requests.clone());
                // A client that hangs up is no fault of the server.
                thread::spawn(move || drop(serve(stream.unwrap(), &answers, &requests)));
            }
        });
        release
    }

    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn answer(&self, path: &str, answer: Answer) {
        self.answers.lock().unwrap().insert(format!("/{path}"), answer);
    }

    /// The paths that were asked for, with the start of the range if there was one
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn serve(
    mut stream: TcpStream,
    answers: &Mutex<HashMap<String, Answer>>,
    requests: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let (mut path, mut range) = (String::new(), None);
    for line in BufReader::new(stream.try_clone()?).lines() {
        let line = line?;
        if path.is_empty() {
            path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        } else if let Some(start) = line.to_lowercase().strip_prefix("range: bytes=") {
            range = start.trim_end_matches('-').parse::<usize>().ok();
        } else if line.is_empty() {
            break;
        }
    }
    requests.lock().unwrap().push(match range {
        Some(start) => format!("{path} from {start}"),
        None => path.clone(),
    });
    let answer = answers.lock().unwrap().get(&path).cloned();
    match answer.unwrap_or(Answer::Status(404)) {
        Answer::File(file) => send(&mut stream, &file, range, file.len()),
        Answer::BreaksOff(file, after) => send(&mut stream, &file, range, after),
        Answer::Slow(file, time) => {
            thread::sleep(time);
            send(&mut stream, &file, range, file.len())
        }
        Answer::Status(status) => write!(
            stream,
            "HTTP/1.1 {status} No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"
        ),
        Answer::Redirect(to) => write!(
            stream,
            "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        ),
        Answer::Endless => {
            write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
            loop {
                stream.write_all(&[b'#'; 65536])?;
            }
        }
        Answer::Huge => write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\nmuch"
        ),
        Answer::Silence => stream.read_to_end(&mut Vec::new()).map(drop),
    }
}

/// Sends FILE from the start of the range, and hangs up once `end` is reached.
fn send(stream: &mut TcpStream, file: &[u8], range: Option<usize>, end: usize) -> std::io::Result<()> {
    let start = range.unwrap_or_default();
    if range.is_some() {
        let last = file.len() - 1;
        write!(
            stream,
            "HTTP/1.1 206 Partial\r\nContent-Range: bytes {start}-{last}/{}\r\n",
            file.len()
        )?;
    } else {
        write!(stream, "HTTP/1.1 200 OK\r\n")?;
    }
    write!(
        stream,
        "Content-Length: {}\r\nConnection: close\r\n\r\n",
        file.len() - start
    )?;
    stream.write_all(&file[start.min(end)..end])
}
