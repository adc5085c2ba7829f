//! Decides one request many times, so that `count.sh` can count the instructions.
//!
//! `instructions STATEMENTS TIMES allow|deny`: the principal has this number of statements. Half of them allow the action
//! for one value of a tag each, the others allow other actions.

#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    unreachable_pub,
    reason = "a bench that cannot be set up may panic"
)]

mod set;

use std::hint::black_box;

use ram_policy::{Context, Outcome, Principal, Request};

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    // `cargo bench` runs it without arguments, and counts nothing.
    let (Some(statements), Some(times), Some(answer)) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        return;
    };
    let (statements, times): (usize, usize) = (statements.parse().unwrap(), times.parse().unwrap());
    let set = set::set(statements);
    let principal: Principal = "user/u".parse().unwrap();
    let mut context = Context::new();
    context.set("acs:CurrentTime", "2026-11-22T08:00:00Z");
    if answer == "allow" {
        context.set("acs:RequestTag/env", set::tag(statements / 4 * 2));
    }
    let request = Request {
        principal: &principal,
        action: "eci:CreateContainerGroup",
        resource: "acs:eci:cn-hangzhou:1234567890123456:containergroup/*",
        resource_group: Some("rg-default1"),
        context: &context,
        session: &[],
    };
    for _ in 0..times {
        let decision = black_box(set.decide(black_box(&request)));
        assert_eq!(decision.outcome == Outcome::Allow, answer == "allow");
    }
}
