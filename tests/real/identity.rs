//! Every way in: who is asked for what controllers, schedulers and subresources do.

mod ack;
mod administration;
mod attacks;
mod binding;
mod controllers;
mod custom_controllers;
mod delegation;
mod editors;
mod image_caches;
mod keys;
mod kinds;
mod neighbours;
mod older;
mod outage;
mod queues;
mod scale;
mod spawners;
mod stamp;
mod subresources;
mod templates;
mod upgrade;
