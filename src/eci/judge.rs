//! A call to its questions, and their answers to one judgement.
//!
//! ECI checks parameters before rights, so refusals are found first; every question is asked all the same, so that
//! one look shows everything that stands in the way.

use jiff::Timestamp;

use super::operation::Addressed;
use super::{Account, Allowed, Call, Denial, Failure, Instance, Judgement, Kind, Refusal, Tags};
use crate::ram::{Context, Decision, Outcome, PolicySet, Principal, Request};

/// The service that an instance's role must trust; ECI shares the instance roles of ECS
const INSTANCE_ROLE_SERVICE: &str = "ecs.aliyuncs.com";

/// The service in whose name the service-linked role is made
const SERVICE_NAME: &str = "eci.aliyuncs.com";

/// Tags that the call sends
const REQUEST_TAG: &str = "acs:RequestTag/";
/// Tags that the addressed resource has
const RESOURCE_TAG: &str = "acs:ResourceTag/";
/// ECI's older key for either: the request's on a create, the resource's on a call with an id
const ECI_TAG: &str = "eci:tag/";

/// Judges a call: ECI's own rules, then everything that RAM is asked about it
pub fn judge(
    set: &PolicySet,
    account: &Account,
    principal: &Principal,
    call: &Call,
    now: Timestamp,
) -> Judgement {
    let mut judge = Judge {
        set,
        account,
        principal,
        call,
        now,
        failures: Vec::new(),
        allowed: Vec::new(),
    };
    let mut selects_nothing = false;
    match call.operation.kind() {
        Kind::Create => judge.create(),
        Kind::Update => judge.update(),
        Kind::Query => {
            judge.query();
            selects_nothing = judge.selects_nothing();
        }
        Kind::ById => judge.by_id(),
    }
    Judgement::new(
        call.operation.kind() == Kind::Query,
        selects_nothing,
        judge.failures,
        judge.allowed,
    )
}

struct Judge<'a> {
    set: &'a PolicySet,
    account: &'a Account,
    principal: &'a Principal,
    call: &'a Call,
    now: Timestamp,
    failures: Vec<Failure>,
    allowed: Vec<Allowed>,
}

impl<'a> Judge<'a> {
    fn create(&mut self) {
        let call = self.call;
        let known = call
            .resource_group
            .as_deref()
            .filter(|id| self.account.has_group(id));
        if let (Some(id), None) = (&call.resource_group, known)
            && *self.principal != Principal::Account
        {
            self.refuse(Refusal::unknown_group(id));
        }
        // Absent, and for the account itself also unknown, means the default group (S10, S12).
        let group = known.or_else(|| self.account.default_group());
        let tags = Tags::existing(
            call.tags
                .iter()
                .flat_map(Tags::iter)
                .chain(call.extra_tags.iter())
                .map(owned),
        );
        let context = self.context(&[], &[(REQUEST_TAG, &tags), (ECI_TAG, &tags)]);
        self.ask(
            call.operation.action(),
            self.resource(None),
            group,
            context,
            false,
        );
        if let Some(role) = &call.role {
            self.pass_role(role);
        }
        for arn in &call.role_arns {
            self.ask_pass_role(arn.as_str().to_owned());
        }
        if call.operation.needs_service_linked_role() && self.account.lacks_service_linked_role() {
            let context = self.context(&[("ram:ServiceName", SERVICE_NAME)], &[]);
            let resource = format!("acs:ram:*:{}:role/*", self.set.account());
            self.ask("ram:CreateServiceLinkedRole", resource, None, context, false);
        }
    }

    /// The role must exist, the caller must be let to pass it, and ECS must be let to assume it
    fn pass_role(&mut self, role: &str) {
        if !self.set.has_role(role) {
            self.refuse(Refusal::unknown_role(role));
            return;
        }
        let resource = format!("acs:ram::{}:role/{role}", self.set.account());
        self.ask_pass_role(resource.clone());
        let context = self.context(&[], &[]);
        let decision = self.set.decide_assume_role(&Request {
            principal: &Principal::Service(INSTANCE_ROLE_SERVICE.into()),
            action: "sts:AssumeRole",
            resource: &resource,
            resource_group: None,
            context: &context,
            session: &[],
        });
        self.record("sts:AssumeRole", resource, None, decision, false);
    }

    /// A role belongs to no resource group, so grants for one do not count
    fn ask_pass_role(&mut self, resource: String) {
        let service: Vec<_> = self
            .account
            .pass_role_service
            .iter()
            .map(|name| ("acs:Service", name.as_str()))
            .collect();
        let context = self.context(&service, &[]);
        self.ask("ram:PassRole", resource, None, context, false);
    }

    /// Current tags must give the right to change; new tags are judged as if the resource had them already
    fn update(&mut self) {
        let call = self.call;
        let instance = call.instance.as_ref();
        let current_group = self.group_of(instance);
        if let Some(wanted) = call.resource_group.as_deref()
            && Some(wanted) != current_group
        {
            self.refuse(Refusal::group_change(current_group, Some(wanted)));
        }
        let current_role = instance.and_then(|instance| instance.role.as_deref());
        if let Some(wanted) = call.role.as_deref()
            && !current_role.is_some_and(|current| current.eq_ignore_ascii_case(wanted))
        {
            self.refuse(Refusal::role_change(current_role, Some(wanted)));
        }
        let none = Tags::default();
        let current = instance.map_or(&none, |instance| &instance.tags);
        let resource = self.resource(instance);
        let new = call
            .tags
            .as_ref()
            .map(|tags| Tags::existing(tags.iter().chain(call.extra_tags.iter()).map(owned)));
        let request = new.as_ref().unwrap_or(&none);
        let context = self.context(
            &[],
            &[
                (REQUEST_TAG, request),
                (RESOURCE_TAG, current),
                (ECI_TAG, current),
            ],
        );
        self.ask(
            call.operation.action(),
            resource.clone(),
            current_group,
            context,
            false,
        );
        if let Some(new) = new.as_ref().filter(|new| !new.same_as(current)) {
            let context = self.context(&[], &[(REQUEST_TAG, new), (RESOURCE_TAG, new), (ECI_TAG, new)]);
            self.ask(call.operation.action(), resource, current_group, context, true);
        }
    }

    /// One thing, its tags, and its group however it was addressed (S28, S32, S40, S41)
    fn by_id(&mut self) {
        let instance = self.call.instance.as_ref();
        let group = self.group_of(instance);
        if let (Some(given), true) = (self.call.resource_group.as_deref(), instance.is_some())
            && Some(given) != group
        {
            self.refuse(Refusal::other_group(group, given));
        }
        let none = Tags::default();
        let tags = instance.map_or(&none, |instance| &instance.tags);
        let context = self.context(&[], &[(RESOURCE_TAG, tags), (ECI_TAG, tags)]);
        self.ask(
            self.call.operation.action(),
            self.resource(instance),
            group,
            context,
            false,
        );
    }

    /// What is asked for decides: the filter's tags, the id's tags, the group that is named (S19 to S25, S95 to S102)
    fn query(&mut self) {
        let call = self.call;
        let instance = call.instance.as_ref();
        let none = Tags::default();
        let filter = call.tags.as_ref().unwrap_or(&none);
        let context = match instance.map(|instance| &instance.tags) {
            Some(tags) => self.context(
                &[],
                &[(REQUEST_TAG, filter), (RESOURCE_TAG, tags), (ECI_TAG, tags)],
            ),
            None => self.context(&[], &[(REQUEST_TAG, filter), (ECI_TAG, filter)]),
        };
        let group = call
            .resource_group
            .as_deref()
            .filter(|_| call.operation.knows_groups());
        self.ask(
            call.operation.action(),
            self.resource(instance),
            group,
            context,
            false,
        );
    }

    /// A group that does not exist, or that the addressed instance is not in (S21, S25, S39)
    fn selects_nothing(&self) -> bool {
        let Some(group) = self.call.resource_group.as_deref() else {
            return false;
        };
        let elsewhere = self
            .call
            .instance
            .as_ref()
            .is_some_and(|each| self.group_of(Some(each)) != Some(group));
        !self.account.has_group(group) || elsewhere
    }

    fn group_of(&self, instance: Option<&'a Instance>) -> Option<&'a str> {
        let own = match instance {
            Some(instance) => instance.resource_group.as_deref(),
            None => self.call.resource_group.as_deref(),
        };
        own.or_else(|| self.account.default_group())
    }

    /// `KIND/ID`, or `KIND/*` where there is no id
    fn resource(&self, instance: Option<&Instance>) -> String {
        let id = instance
            .and_then(|instance| instance.id.as_deref())
            .unwrap_or("*");
        match self.call.operation.addressed() {
            Addressed::Collection(kind) => {
                format!(
                    "acs:eci:{}:{}:{kind}/{id}",
                    self.account.region,
                    self.set.account()
                )
            }
            Addressed::Nothing => "*".to_owned(),
        }
    }

    /// What holds for every question, then what this one knows, then what was given with the call, which wins
    fn context(&self, known: &[(&str, &str)], tags: &[(&str, &Tags)]) -> Context {
        let mut context = Context::new();
        context.set(
            "acs:CurrentTime",
            self.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        );
        context.extend(&self.account.context);
        for (key, value) in known {
            context.set(*key, *value);
        }
        for (prefix, tags) in tags {
            for (key, value) in tags.iter() {
                context.set(format!("{prefix}{key}"), value);
            }
        }
        context.extend(&self.call.context);
        context
    }

    fn ask(
        &mut self,
        action: &'static str,
        resource: String,
        group: Option<&str>,
        context: Context,
        new_tags: bool,
    ) {
        let decision = self.set.decide(&Request {
            principal: self.principal,
            action,
            resource: &resource,
            resource_group: group,
            context: &context,
            session: &[],
        });
        self.record(action, resource, group, decision, new_tags);
    }

    fn record(
        &mut self,
        action: &'static str,
        resource: String,
        group: Option<&str>,
        decision: Decision,
        about_new_tags: bool,
    ) {
        if decision.outcome == Outcome::Allow {
            let statement = decision.statement().cloned();
            self.allowed.push(Allowed {
                action,
                policy_type: decision.policy_type,
                statement,
            });
            return;
        }
        let resource_group = group.map(ToOwned::to_owned);
        self.failures.push(Failure::Denied(Denial {
            action,
            resource,
            resource_group,
            about_new_tags,
            decision,
        }));
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.failures.push(Failure::Refused(refusal));
    }
}

fn owned((key, value): (&str, &str)) -> (String, String) {
    (key.to_owned(), value.to_owned())
}
