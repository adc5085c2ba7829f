//! Every way in: who is asked for what controllers, schedulers and subresources do.

mod stage;
mod workloads;

mod controllers;
