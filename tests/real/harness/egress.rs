//! The cluster's network as the API server sees it: one Unix socket that takes CONNECT requests.
//!
//! The API server sends `CONNECT <clusterIP>:443` for a webhook's Service and gets piped to one of the local ports that
//! play the Service's endpoints, each connection to the next one. A fault of the network is one call.

use std::collections::HashMap;
use std::io;
use std::io::Read;
use std::io::Write;
use std::net::Shutdown;
use std::net::TcpStream;
use std::os::unix::net::UnixListener;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::thread;

/// What the network does with a new connection
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It works
    None,
    /// It says at once that nothing is there
    Refuse,
    /// It takes the connection and never answers
    Hang,
}

/// The listener; it lives as long as the test process
pub(crate) struct Egress {
    socket: PathBuf,
    network: Arc<Mutex<Network>>,
}

struct Network {
    fault: Fault,
    services: HashMap<String, Vec<u16>>,
    asked: Vec<String>,
    open: Vec<UnixStream>,
}

impl Egress {
    /// Listens on `egress.sock` of the folder
    pub(crate) fn start(folder: &Path) -> Self {
        let socket = folder.join("egress.sock");
        let listener = UnixListener::bind(&socket).expect("egress socket");
        let network = Network {
            fault: Fault::None,
            services: HashMap::new(),
            asked: vec![],
            open: vec![],
        };
        let network = Arc::new(Mutex::new(network));
        let shared = Arc::clone(&network);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                // A connection that breaks is the network's business; the API server reports what it means.
                thread::spawn(move || serve(connection, &shared));
            }
        });
        Self { socket, network }
    }

    /// Where the API server finds the listener
    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Sets which local ports play the endpoints of an address such as `10.96.0.7:443`; connections that exist stay
    pub(crate) fn route(&self, address: &str, ports: Vec<u16>) {
        self.lock().services.insert(address.to_owned(), ports);
    }

    /// Sets what happens to connections, those that exist included: any fault cuts them
    pub(crate) fn fault(&self, fault: Fault) {
        self.lock().fault = fault;
        self.cut();
    }

    /// Ends all connections that exist
    pub(crate) fn cut(&self) {
        for connection in self.lock().open.drain(..) {
            // It may have ended already.
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    /// Every address that was asked for, in order
    pub(crate) fn asked(&self) -> Vec<String> {
        self.lock().asked.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Network> {
        lock(&self.network)
    }
}

fn lock(network: &Mutex<Network>) -> MutexGuard<'_, Network> {
    network.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn serve(mut caller: UnixStream, network: &Mutex<Network>) -> io::Result<()> {
    let head = read_head(&mut caller)?;
    let address = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let (fault, ports, turn) = {
        let mut network = lock(network);
        network.asked.push(address.clone());
        network.open.push(caller.try_clone()?);
        let ports = network.services.get(&address).cloned().unwrap_or_default();
        (network.fault, ports, network.asked.len())
    };
    if fault == Fault::Hang {
        // Reads until the caller gives up.
        return io::copy(&mut caller, &mut io::sink()).map(drop);
    }
    // As behind a Service, an endpoint that refuses is not tried again by another: it must not be listed.
    let port = ports
        .get(turn % ports.len().max(1))
        .filter(|_| fault == Fault::None);
    let Some(endpoint) = port.and_then(|&port| TcpStream::connect(("127.0.0.1", port)).ok()) else {
        return caller.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n");
    };
    endpoint.set_nodelay(true)?;
    caller.write_all(b"HTTP/1.1 200 Connection Established\r\n\r\n")?;
    let (mut from_caller, mut to_endpoint) = (caller.try_clone()?, endpoint.try_clone()?);
    thread::spawn(move || {
        let _ = io::copy(&mut from_caller, &mut to_endpoint);
        let _ = to_endpoint.shutdown(Shutdown::Write);
    });
    let _ = io::copy(&mut &endpoint, &mut caller);
    caller.shutdown(Shutdown::Both)
}

/// Reads to the empty line and not a byte further: what follows belongs to the endpoint
fn read_head(caller: &mut UnixStream) -> io::Result<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        caller.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}
