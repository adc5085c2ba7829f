//! Everything that the tests stand on and that is no test itself.
//!
//! | for | modules |
//! | --- | --- |
//! | programs and their files | `tools`, `process`, `certificates`, `wait` |
//! | the control plane | `control_plane`, `controllers`, `custom_controllers`, `nodes`, `egress`, `neighbour` |
//! | ramgate in it | `install`, `replica`, `cluster`, which puts it all together |
//! | asking | `kubectl`, `rest`, `http`, `reviews`, `command`, `load`, `prometheus` |
//! | what is asked for | `objects`, `custom`, `workloads` |
//! | the tests of identity | `cast`, `stage`, `rollout` |

pub(crate) mod cast;
pub(crate) mod certificates;
pub(crate) mod cluster;
pub(crate) mod command;
pub(crate) mod control_plane;
pub(crate) mod controllers;
pub(crate) mod custom;
pub(crate) mod custom_controllers;
pub(crate) mod egress;
pub(crate) mod http;
pub(crate) mod install;
pub(crate) mod kubectl;
pub(crate) mod load;
pub(crate) mod neighbour;
pub(crate) mod nodes;
pub(crate) mod objects;
pub(crate) mod process;
pub(crate) mod prometheus;
pub(crate) mod replica;
pub(crate) mod rest;
pub(crate) mod reviews;
pub(crate) mod rollout;
pub(crate) mod stage;
pub(crate) mod tools;
pub(crate) mod wait;
pub(crate) mod workloads;
