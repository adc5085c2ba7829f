//! The certificate of the HTTPS port.
