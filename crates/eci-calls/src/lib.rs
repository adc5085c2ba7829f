#![doc = include_str!("../README.md")]
//!
//! ```text
//! Call (operation, tags, resource group, role, instance)
//!   -> Inquiry (what ECI refuses, questions to RAM) -> CallEvaluation (outcome, failures)
//! ```

mod account;
mod call;
pub mod condition_key;
mod evaluate;
mod evaluation;
mod everywhere;
pub mod fix;
mod inquiry;
mod operation;
mod ram_question;
mod refusal;
mod role;
mod tag;

pub use account::{Account, ResourceGroup};
pub use call::{Call, Instance};
pub use evaluate::evaluate;
pub use evaluation::{Allowed, CallEvaluation, CallOutcome, Denial, Failure};
pub use everywhere::{Everywhere, evaluate_everywhere};
pub use inquiry::{Inquiry, inquire};
pub use operation::{Operation, OperationKind, UnknownOperation};
pub use ram_question::{
    ASSUME_ROLE, CREATE_SERVICE_LINKED_ROLE, ECI_SERVICE, INSTANCE_ROLE_SERVICE, PASS_ROLE, Question,
};
pub use refusal::{Refusal, RefusalReason};
pub use role::{RoleArn, RoleArnError, RoleNameError, check_role_name};
pub use tag::{MAX_KEY, MAX_TAGS, MAX_VALUE, TagError, Tags, check_tag};
