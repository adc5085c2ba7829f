#![doc = include_str!("../README.md")]
//!
//! ```text
//! Call (operation, tags, group, role, instance) -> Inquiry (ECI's own rules, questions to RAM) -> Judgement
//! ```

mod account;
mod call;
mod everywhere;
pub mod fix;
mod judge;
mod judgement;
mod operation;
mod question;
mod role;
mod tag;

pub use account::{Account, ResourceGroup, SERVICE_LINKED_ROLE};
pub use call::{Call, Instance};
pub use everywhere::{Everywhere, judge_everywhere};
pub use judge::judge;
pub use judgement::{Allowed, CallOutcome, Denial, Failure, Judgement, Refusal};
pub use operation::{Kind, Operation, UnknownOperation};
pub use question::{Inquiry, Question, inquire};
pub use role::{RoleArn, RoleArnError, RoleNameError, check_role_name};
pub use tag::{MAX_KEY, MAX_TAGS, MAX_VALUE, TagError, Tags, check_tag};
