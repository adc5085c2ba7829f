//! The connection between API server and etcd, which can be made slow.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::harness::process::free_port;

/// A proxy that delays each piece of a stream, in both directions
#[derive(Clone, Default)]
pub(crate) struct SlowStorage {
    milliseconds: Arc<AtomicU64>,
}

impl SlowStorage {
    /// Listens in front of a port and gives the port to use instead
    pub(crate) fn start(&self, port: u16) -> u16 {
        let own = free_port();
        let listener = TcpListener::bind(("127.0.0.1", own)).expect("port of the proxy");
        let proxy = self.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Ok(etcd) = TcpStream::connect(("127.0.0.1", port)) else {
                    continue;
                };
                proxy.copy(&stream, &etcd);
                proxy.copy(&etcd, &stream);
            }
        });
        own
    }

    /// Delays everything by this much from now on
    pub(crate) fn delay(&self, by: Duration) {
        let milliseconds = u64::try_from(by.as_millis()).expect("a delay");
        self.milliseconds.store(milliseconds, Ordering::Relaxed);
    }

    fn copy(&self, from: &TcpStream, to: &TcpStream) {
        let (mut from, mut to) = (from.try_clone().expect("stream"), to.try_clone().expect("stream"));
        let delay = Arc::clone(&self.milliseconds);
        thread::spawn(move || {
            let _ = to.set_nodelay(true);
            let mut piece = vec![0; 1 << 16];
            while let Ok(length @ 1..) = from.read(&mut piece) {
                thread::sleep(Duration::from_millis(delay.load(Ordering::Relaxed)));
                if to.write_all(&piece[..length]).is_err() {
                    break;
                }
            }
            // Either side may have gone before.
            let _ = from.shutdown(Shutdown::Both);
            let _ = to.shutdown(Shutdown::Both);
        });
    }
}
